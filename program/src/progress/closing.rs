//! What comes after the last epoch: a bar on a terminal, elsewhere a line for what takes longer than two seconds.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// What is done sooner is not spoken of.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// Shows one thing after the other.
#[derive(Default)]
pub struct Closing {
    now: Option<Now>,
}

struct Now {
    what: String,
    bar: ProgressBar,
    /// When the next line is due.
    due: Instant,
}

impl Closing {
    /// `done` of `all` parts of `what` are done.
    pub fn hear(&mut self, what: &str, done: usize, all: usize) {
        if self.now.as_ref().is_none_or(|now| now.what != what) {
            self.end();
        }
        let now = self.now.get_or_insert_with(|| Now::new(what));
        now.bar.set_length(all as u64);
        now.bar.set_position(done as u64);
        if now.bar.is_hidden() && Instant::now() >= now.due && done < all {
            output::say(format_args!("{what}: {} %", 100 * done / all.max(1)));
            now.due = Instant::now() + PAUSE;
        }
        if done >= all {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(now) = self.now.take() {
            now.bar.finish_and_clear();
        }
    }
}

impl Now {
    fn new(what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:28.cyan/blue} {percent:>3}%")
        {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_string());
        Self {
            what: what.into(),
            bar,
            due: Instant::now() + PATIENCE,
        }
    }
}
