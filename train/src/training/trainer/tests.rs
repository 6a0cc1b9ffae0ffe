use std::path::Path;

use super::*;
use crate::run_file::{Experiment, RunConfig};
use crate::tasks::dynamics::ParticleDynamics;
use crate::training::checkpoint::Checkpoint;
use crate::training::divergence::{MOST_RETURNS, RATE_FACTOR};
#[cfg(feature = "flex")]
use gcnn_models::points::DynamicsModel;

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
    let task = ParticleDynamics::new(data, own, &config).expect("a task");
    let root = tempfile::tempdir().expect("a temporary folder");
    let rates = |name: &str, seen: usize| -> Vec<f64> {
        let folder = RunFolder::at(root.path().join(name));
        let _held = folder.take(false).expect("a folder");
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
                Settings::from(&config),
                &device,
                folder.clone(),
                Identities::new(),
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

/// Gradient descent on a parabola, the mean squared error of linear motion, which diverges above a certain rate.
#[cfg(feature = "flex")]
fn descend(
    root: &Path,
    name: &str,
    set: &str,
    seen: usize,
) -> Result<Finished<DynamicsModel>, TrainError> {
    let text = "task = \"nbody\"\n[dataset]\ntrain = 60\nvalid = 4\ntest = 2\ncache = false\n\
                [model]\nkind = \"linear\"\n[optimizer]\nkind = \"sgd\"\nlr = 40.0\nmomentum = 0.0\n\
                [training]\nepochs = 3\nbatch_size = 2\n";
    let set: Vec<String> = set.split_whitespace().map(String::from).collect();
    let config = RunConfig::parse(text, "run.toml".as_ref(), &set).expect("a run file");
    let Experiment::NBody(own) = &config.experiment else {
        panic!("particles");
    };
    let task = ParticleDynamics::new(own.dataset.load().expect("simulations"), own, &config)
        .expect("a task");
    let folder = RunFolder::at(root.join(name));
    let _held = folder.take(true).expect("a folder");
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut reporter = Stop {
        seen,
        interrupt: interrupt.clone(),
    };
    Trainer::new(
        &task,
        Settings::from(&config),
        &Device::flex(),
        folder,
        Identities::new(),
        &mut reporter,
        interrupt,
    )?
    .run()
}

#[cfg(feature = "flex")]
#[test]
fn a_run_that_diverges_goes_back_and_on_at_a_lower_rate() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let finished = descend(root.path(), "whole", "", 0).expect("it finishes in the end");
    let returns = &finished.returns;
    assert!((1..=MOST_RETURNS).contains(&returns.len()), "{returns:?}");
    for (index, gone) in returns.iter().enumerate() {
        assert_eq!(gone.rate_factor, RATE_FACTOR.powi(index as i32 + 1));
        assert_eq!((gone.epoch, gone.to_epoch), (1, 0), "{gone:?}");
    }
    let folder = RunFolder::at(root.path().join("whole"));
    let records = folder.read_metrics().expect("records");
    assert_eq!(&records[0].returns, returns);
    assert!(records[1].returns.is_empty());
    let rate = 40.0 * RATE_FACTOR.powi(returns.len() as i32);
    assert!(
        records.iter().all(|record| record.learning_rate == rate),
        "{records:?}"
    );

    // Interrupted on the way, it comes to the same end.
    let cut = loop {
        match descend(root.path(), "cut", "", 20) {
            Ok(finished) => break finished,
            Err(error) => assert!(matches!(error, TrainError::Interrupted { .. }), "{error}"),
        }
    };
    assert_eq!(cut.returns, finished.returns);
    assert_eq!(
        weights::collect(&cut.model),
        weights::collect(&finished.model)
    );
}

#[cfg(feature = "flex")]
#[test]
fn a_run_that_diverges_stops_or_goes_on_as_asked() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let run = |name: &str, set: &str| descend(root.path(), name, set, 0);
    let Err(error) = run("stop", "training.on_divergence=stop") else {
        panic!("it diverges");
    };
    assert!(matches!(
        error,
        TrainError::Diverged {
            epoch: 1,
            returns: 0,
            best: None,
            ..
        }
    ));
    let words = error.to_string();
    assert!(
        words.contains("rose to") && words.contains("A smaller optimizer.lr"),
        "{words}"
    );
    // Whatever the rate, it diverges: it is given up.
    let Err(error) = run("given-up", "optimizer.lr=1e30") else {
        panic!("it diverges");
    };
    assert!(
        matches!(
            error,
            TrainError::Diverged {
                returns: MOST_RETURNS,
                ..
            }
        ),
        "{error}"
    );
    // Going on to the end, no epoch is the best, and what was written can be read.
    let Err(error) = run("on", "training.on_divergence=continue optimizer.lr=1e30") else {
        panic!("no epoch has a measure");
    };
    assert!(
        error
            .to_string()
            .contains("on validation mse never came to numbers"),
        "{error}"
    );
    let folder = RunFolder::at(root.path().join("on"));
    let records = folder
        .read_metrics()
        .expect("records with numbers that are none");
    assert_eq!(records.len(), 3);
    assert!(records[2].validation.measures["mse"].is_nan() && !folder.best().exists());
    assert!(Checkpoint::load(&folder.checkpoint()).is_ok());
}

#[test]
fn seeds_of_neighbouring_steps_and_runs_differ() {
    let seeds: std::collections::BTreeSet<u64> = (0..50)
        .flat_map(|seed| (0..50).map(move |step| mix(seed, step)))
        .collect();
    assert_eq!(seeds.len(), 2500);
}
