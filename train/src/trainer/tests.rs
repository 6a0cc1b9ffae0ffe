use super::*;
use crate::config::Experiment;
use crate::dynamics::Motion;
use crate::task::Goal;

#[test]
fn the_first_goal_that_differs_decides() {
    let goals = [
        Goal {
            name: "accuracy",
            higher_is_better: true,
        },
        Goal {
            name: "loss",
            higher_is_better: false,
        },
    ];
    let of = |accuracy: f64, loss: f64| {
        BTreeMap::from([
            ("accuracy".to_string(), accuracy),
            ("loss".to_string(), loss),
        ])
    };
    assert!(improves(&goals, &of(0.9, 2.0), &of(0.8, 1.0)));
    assert!(!improves(&goals, &of(0.8, 1.0), &of(0.9, 2.0)));
    assert!(improves(&goals, &of(0.9, 1.0), &of(0.9, 2.0)));
    assert!(!improves(&goals, &of(0.9, 1.0), &of(0.9, 1.0)));
}

/// Stops a run after the batch that follows the one which comes to `seen` examples.
struct Stop {
    seen: usize,
    interrupt: Arc<AtomicBool>,
}

impl Reporter for Stop {
    fn start(&mut self, _plan: &Plan) {}
    fn batch(&mut self, moment: &Moment) {
        let stop = moment.seen == self.seen;
        self.interrupt.store(stop, Ordering::SeqCst);
    }
    fn validation(&mut self, _seen: usize) {}
    fn epoch(&mut self, _record: &EpochRecord, _eta: f64) {}
    fn note(&mut self, _text: &str) {}
    fn finish(&mut self) {}
}

#[cfg(feature = "flex")]
#[test]
fn a_run_that_goes_on_after_an_epochs_last_batch_records_that_batchs_rate() {
    let text = "task = \"nbody\"\n[dataset]\ntrain = 6\nvalid = 2\ntest = 2\ncache = false\n\
                [model]\nkind = \"linear\"\n[schedule]\nkind = \"cosine\"\n\
                [training]\nepochs = 2\nbatch_size = 2\n";
    let config = RunConfig::parse(text, "run.toml".as_ref(), &[]).expect("a run file");
    let Experiment::NBody(own) = &config.experiment else {
        panic!("particles");
    };
    let data = own.dataset.load().expect("simulations");
    let task = Motion::new(data, own, &config).expect("a task");
    let root = tempfile::tempdir().expect("a temporary folder");
    let rates = |name: &str, seen: usize| -> Vec<f64> {
        let folder = RunFolder::create(root.path().join(name)).expect("a folder");
        // Two epochs may be interrupted.
        for _ in 0..3 {
            let interrupt = Arc::new(AtomicBool::new(false));
            let mut reporter = Stop {
                seen,
                interrupt: interrupt.clone(),
            };
            let device = Device::flex();
            let trainer = Trainer::new(
                &task,
                &config,
                &device,
                folder.clone(),
                &mut reporter,
                interrupt,
            );
            match trainer.expect("a trainer").run() {
                Ok(_) => break,
                Err(error) => assert!(matches!(error, TrainError::Interrupted { .. })),
            }
        }
        let records = folder.read_metrics().expect("records");
        records.iter().map(|record| record.learning_rate).collect()
    };
    // Of three batches, the second hears the wish to stop, and the third ends the program.
    let (whole, cut) = (rates("whole", 0), rates("cut", 4));
    assert_eq!(whole.len(), 2);
    assert_eq!(whole, cut);
}

#[test]
fn seeds_of_neighbouring_steps_and_runs_differ() {
    let seeds: std::collections::BTreeSet<u64> = (0..50)
        .flat_map(|seed| (0..50).map(move |step| mix(seed, step)))
        .collect();
    assert_eq!(seeds.len(), 2500);
}
