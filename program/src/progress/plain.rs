//! A line per epoch on standard error; on a terminal with a bar that moves within the epoch.

use std::collections::BTreeMap;

use gcnn_train::task::metrics::significant;
use gcnn_train::training::run_folder::EpochRecord;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::closing::Closing;
use super::{Moment, Plan, Reporter, duration};
use crate::output;

/// Lines and a bar. The bar hides itself where standard error is no terminal.
#[derive(Default)]
pub struct Plain {
    plan: Option<Plan>,
    bar: Option<ProgressBar>,
    closing: Closing,
}

impl Plain {
    fn bar(&mut self, epoch: usize) -> Option<&ProgressBar> {
        let plan = self.plan.as_ref()?;
        Some(self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(
                Some(plan.examples as u64),
                ProgressDrawTarget::stderr_with_hz(8),
            );
            if let Ok(style) =
                ProgressStyle::with_template("{prefix} {bar:28.cyan/blue} {percent:>3}% {msg}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(format!("epoch {}/{}", epoch + 1, plan.epochs));
            bar
        }))
    }

    fn line(&mut self, text: String) {
        match &self.bar {
            Some(bar) if !bar.is_hidden() => bar.println(text),
            _ => output::say(&text),
        }
    }
}

fn measures(names: &[&str], values: &BTreeMap<String, f64>) -> String {
    names
        .iter()
        .filter_map(|name| {
            values
                .get(*name)
                .map(|v| format!("{name} {}", significant(*v)))
        })
        .collect::<Vec<_>>()
        .join(" ")
}

impl Reporter for Plain {
    fn start(&mut self, plan: &Plan) {
        self.plan = Some(plan.clone());
    }

    fn batch(&mut self, moment: &Moment) {
        let Some(plan) = self.plan.clone() else {
            return;
        };
        if let Some(bar) = self.bar(moment.epoch) {
            bar.set_position(moment.seen as u64);
            let means: Vec<String> = plan
                .columns
                .iter()
                .zip(moment.means)
                .map(|(name, mean)| format!("{name} {}", significant(*mean)))
                .collect();
            bar.set_message(format!(
                "{}  {:.0} {}/s",
                means.join(" "),
                moment.examples_per_second,
                plan.unit
            ));
        }
    }

    fn validation(&mut self, seen: usize) {
        if let (Some(bar), Some(plan)) = (&self.bar, &self.plan) {
            bar.set_message(format!("validation {seen}/{}", plan.validation_examples));
        }
    }

    fn epoch(&mut self, record: &EpochRecord, eta: f64) {
        let Some(plan) = self.plan.clone() else {
            return;
        };
        // What the best epoch is chosen by may be known of validation alone.
        let goals = plan.higher_is_better.iter();
        let goals = goals.filter(|goal| !plan.columns.contains(goal));
        let validated: Vec<&str> = plan.columns.iter().chain(goals).copied().collect();
        let text = format!(
            "epoch {:>3}/{}  train {}  valid {}{}  lr {:.2e}  {:.0} {}/s  {}  ETA {}",
            record.epoch,
            plan.epochs,
            measures(plan.columns, &record.training.measures),
            measures(&validated, &record.validation.measures),
            if record.best { " *" } else { "  " },
            record.learning_rate,
            record.training.examples_per_second,
            plan.unit,
            duration(record.seconds),
            duration(eta),
        );
        self.line(text);
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn note(&mut self, text: &str) {
        self.line(text.to_string());
    }

    fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn closing(&mut self, what: &str, done: usize, all: usize) {
        self.closing.hear(what, done, all);
    }
}
