//! Burn's terminal dashboard, driven by this crate's loop.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::train::Interrupter;
use burn::train::logger::TrainingProgressLogger;
use burn::train::metric::{
    MetricAttributes, MetricDefinition, MetricEntry, MetricId, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use burn::train::renderer::tui::TuiMetricsRendererWrapper;
use burn::train::renderer::{MetricState, MetricsRenderer, MetricsRendererTraining};
use gcnn_train::training::run_folder::EpochRecord;

use super::closing::Closing;
use super::{Moment, Plan, Reporter, duration};
use crate::output;

/// The dashboard. Its "stop" (key `q`, then `s`) does the same as Ctrl-C.
pub struct Dashboard {
    plan: Option<Plan>,
    renderer: Option<TuiMetricsRendererWrapper>,
    interrupter: Interrupter,
    interrupt: Arc<AtomicBool>,
    epoch: Option<usize>,
    notes: Vec<String>,
    attempts: usize,
    closing: Closing,
}

impl Dashboard {
    /// Takes the terminal over when the run starts.
    pub fn new(interrupt: Arc<AtomicBool>) -> Self {
        Self {
            plan: None,
            renderer: None,
            interrupter: Interrupter::new(),
            interrupt,
            epoch: None,
            notes: Vec::new(),
            attempts: 0,
            closing: Closing::default(),
        }
    }

    fn state(name: &str, value: f64) -> MetricState {
        let text = format!("{name} {value:.4}");
        MetricState::Numeric(
            MetricEntry::new(
                MetricId::new(Arc::new(name.to_string())),
                SerializedEntry::new(text, value.to_string()),
            ),
            Some(NumericEntry::Value(value)),
        )
    }

    /// The dashboard reads the keyboard raw, so that Ctrl-C would be a key like any other; this makes it an interrupt
    /// again. The dashboard starts on its own thread, hence not once but with each of the first batches.
    fn let_ctrl_c_through(&mut self) {
        const ATTEMPTS: usize = 5;
        if cfg!(unix) && self.attempts < ATTEMPTS {
            self.attempts += 1;
            // Without `stty` the dashboard's own key (`q`) is left.
            let _ = Command::new("stty")
                .arg("isig")
                .stdin(Stdio::inherit())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }

    fn pass_on_stop(&self) {
        if self.interrupter.should_stop() {
            self.interrupt.store(true, Ordering::SeqCst);
        }
    }
}

impl Reporter for Dashboard {
    fn start(&mut self, plan: &Plan) {
        let mut renderer = TuiMetricsRendererWrapper::new(self.interrupter.clone(), None);
        for name in plan.columns {
            renderer.register_metric(MetricDefinition {
                metric_id: MetricId::new(Arc::new(name.to_string())),
                name: Arc::new(name.to_string()),
                description: None,
                attributes: MetricAttributes::Numeric(NumericAttributes {
                    unit: None,
                    higher_is_better: plan.higher_is_better.contains(name),
                }),
            });
        }
        renderer.start(plan.epochs, plan.first_epoch, Some(plan.examples), None);
        self.renderer = Some(renderer);
        self.plan = Some(plan.clone());
    }

    fn batch(&mut self, moment: &Moment) {
        self.pass_on_stop();
        self.let_ctrl_c_through();
        let (Some(plan), Some(renderer)) = (&self.plan, &mut self.renderer) else {
            return;
        };
        if self.epoch != Some(moment.epoch) {
            self.epoch = Some(moment.epoch);
            renderer.update_epoch(moment.epoch);
            renderer.start_split("train", plan.examples);
        }
        for (name, mean) in plan.columns.iter().zip(moment.means) {
            renderer.update_train(Self::state(name, *mean));
        }
        renderer.update_split(moment.seen);
    }

    fn validation(&mut self, seen: usize) {
        self.pass_on_stop();
        let (Some(plan), Some(renderer)) = (&self.plan, &mut self.renderer) else {
            return;
        };
        renderer.start_split("valid", plan.validation_examples);
        renderer.update_split(seen);
    }

    fn epoch(&mut self, record: &EpochRecord, eta: f64) {
        let Some(renderer) = &mut self.renderer else {
            return;
        };
        let measures: &BTreeMap<String, f64> = &record.validation.measures;
        for (name, value) in measures {
            renderer.update_valid(Self::state(name, *value));
        }
        renderer.end_split();
        renderer.log_event_training(format!("{} to go", duration(eta)));
    }

    fn note(&mut self, text: &str) {
        // The dashboard owns the screen: what is to be read is kept until it is gone.
        match self.renderer {
            Some(_) => self.notes.push(text.to_string()),
            None => output::say(text),
        }
    }

    fn finish(&mut self) {
        self.pass_on_stop();
        self.renderer = None;
        for note in self.notes.drain(..) {
            output::say(&note);
        }
    }

    fn closing(&mut self, what: &str, done: usize, all: usize) {
        // The screen is given back by then.
        self.closing.hear(what, done, all);
    }
}
