//! `gcnn train`.

mod folds;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use gcnn_train::TrainError;
use gcnn_train::device::DeviceName;
use gcnn_train::run_file::{RunConfig, RunFile};
use gcnn_train::suggestion;
use gcnn_train::training::run::{self, Run};
use gcnn_train::training::run_folder::RunFolder;

use super::resolve;
use crate::ProgramError;
use crate::output;
use crate::progress::reporter;
use crate::report::page::gather;

#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Run file (TOML), a folder of pictures to learn from, or a run folder to go on with
    #[arg(value_name = "FILE|FOLDER|RUN_DIR")]
    file: PathBuf,
    /// Override a key, as in --set training.epochs=3
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where to compute: auto, flex, ndarray, wgpu, vulkan, cuda:0, remote:HOST:PORT
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    /// Run folder
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Go on from the last checkpoint of the run folder
    #[arg(long)]
    resume: bool,
    /// Cross-validation on a folder of pictures: train a network for each of so many parts, test it on that part, and report all
    /// of them together [default: what the file says, or 5]
    #[arg(long, value_name = "COUNT", num_args = 0..=1, value_parser = clap::value_parser!(u16).range(2..=100))]
    folds: Option<Option<u16>>,
    /// No dashboard, lines instead
    #[arg(long)]
    no_tui: bool,
    /// Nothing but the result
    #[arg(long)]
    quiet: bool,
}

impl TrainArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let interrupt = interrupt();
        if RunFolder::at(&self.file).config().is_file() {
            if self.folds.is_some() {
                return Err(ProgramError::Refused(format!(
                    "{} holds a single run; --folds wants a run file or a folder of pictures",
                    self.file.display()
                )));
            }
            let (config, folder) = self.resolve_folder()?;
            return self.train(&config, &folder, self.resume, interrupt);
        }
        let file = self.read(&[])?;
        for note in file.without_effect() {
            tracing::warn!("{}: {note}", self.file.display());
        }
        if let Some(count) = self.folds {
            return self.train_folds(&file, count, interrupt);
        }
        let is_numbered = !self.resume && self.output.is_none() && file.config().output.is_none();
        loop {
            let (config, folder) = self.resolve(&file)?;
            match self.train(&config, &folder, self.resume, interrupt.clone()) {
                // Somebody began there since: nothing has been done yet, and the next number is as good.
                Err(ProgramError::Train(TrainError::Taken { .. })) if is_numbered => continue,
                ended => return ended,
            }
        }
    }

    /// The run file, or that of a folder of pictures, with more overrides.
    fn read(&self, more: &[String]) -> Result<RunFile, ProgramError> {
        let set = [&self.set[..], more].concat();
        Ok(match self.file.is_dir() {
            true => suggestion::of_folder(&self.file, &set)?,
            false => RunFile::load(&self.file, &set)?,
        })
    }

    fn train(
        &self,
        config: &RunConfig,
        folder: &RunFolder,
        resume: bool,
        interrupt: Arc<AtomicBool>,
    ) -> Result<(), ProgramError> {
        let name = config.devices.first().unwrap_or(&config.device);
        let (name, device) = DeviceName::parse(name)?.open()?;
        let mut helpers = Vec::new();
        for helper in config.devices.iter().skip(1) {
            helpers.push(DeviceName::parse(helper)?.open()?.1);
        }
        let mut reporter = reporter(self.quiet, !self.no_tui, &interrupt);
        if !self.quiet {
            output::say(format_args!("run folder: {}", folder.root().display()));
            match config.devices.len() {
                0 | 1 => output::say(format_args!("device: {name}")),
                _ => output::say(format_args!("devices: {}", config.devices.join(", "))),
            }
        }
        let ended = run::train(Run {
            config,
            device: &device,
            device_name: name,
            helpers: &helpers,
            folder,
            resume,
            reporter: reporter.as_mut(),
            interrupt,
        })?;
        output::say(ended.report.text().trim_end());
        let page = match ended.images {
            Some(images) => {
                gather::write(folder, Some(images), &device, &mut |what, done, all| {
                    reporter.closing(what, done, all);
                })?
            }
            None => None,
        };
        let root = folder.root().display();
        match page {
            Some(page) => output::say(format_args!(
                "all of it is in {root}; to look at: {}",
                page.display()
            )),
            None => output::say(format_args!("all of it is in {root}")),
        }
        output::say(format_args!(
            "its symmetry layer by layer, with a picture: gcnn equivariance {root} --plot equivariance.svg"
        ));
        Ok(())
    }

    /// The configuration and the run folder that a run file means.
    fn resolve(&self, file: &RunFile) -> Result<(RunConfig, RunFolder), ProgramError> {
        let root = self.output.clone().or(file.config().output.clone());
        let root = root.unwrap_or_else(|| default_folder(&self.file, self.resume));
        let folder = RunFolder::at(&root);
        // Before anything is loaded; what comes in between is seen when the folder is made.
        match (self.resume, folder.is_taken()) {
            (false, true) => return Err(folder.taken().into()),
            (true, false) => {
                return Err(ProgramError::Refused(format!(
                    "nothing to resume: the run folder {} does not exist or is empty; start it without --resume",
                    root.display()
                )));
            }
            _ => {}
        }
        let before = match self.resume && folder.config().exists() {
            true => Some(RunConfig::load(&folder.config(), &[])?),
            false => None,
        };
        let mut config = match &before {
            Some(before) => suggestion::resolve_resumed(file, before)?,
            None => resolve(file)?,
        };
        self.apply_to(&mut config)?;
        config.output = Some(root);
        if let Some(before) = &before {
            run::check_resumable(before, &config)?;
        }
        Ok((config, folder))
    }

    /// A run folder in place of a run file: its configuration, only to be resumed.
    fn resolve_folder(&self) -> Result<(RunConfig, RunFolder), ProgramError> {
        let root = self.file.display();
        if !self.resume {
            return Err(ProgramError::Refused(format!(
                "{root} holds a run; to go on with it add --resume, to start another one give a run file or a folder of pictures"
            )));
        }
        let folder = RunFolder::at(&self.file);
        let before = RunConfig::load(&folder.config(), &[])?;
        let mut config = RunConfig::load(&folder.config(), &self.set)?;
        self.apply_to(&mut config)?;
        config.output = Some(self.file.clone());
        run::check_resumable(&before, &config)?;
        Ok((config, folder))
    }

    fn apply_to(&self, config: &mut RunConfig) -> Result<(), ProgramError> {
        if let Some(device) = &self.device {
            DeviceName::parse(device)?;
            config.device = device.clone();
            config.devices = Vec::new();
        }
        if let Some(output) = &self.output {
            config.output = Some(output.clone());
        }
        Ok(())
    }
}

/// `runs/NAME` for a run file NAME.toml, numbered: the first free one, or the last taken one to resume.
fn default_folder(file: &Path, resume: bool) -> PathBuf {
    // A folder may be named by `.` or by `..`.
    let whole = file.canonicalize().unwrap_or_else(|_| file.into());
    let name = match whole.is_dir() {
        true => whole.file_name(),
        false => file.file_stem(),
    };
    let name = name.map_or("run".into(), |name| name.to_string_lossy().into_owned());
    let numbered = |i: usize| match i {
        1 => PathBuf::from("runs").join(&name),
        _ => PathBuf::from("runs").join(format!("{name}-{i}")),
    };
    let free = (1..)
        .find(|i| !RunFolder::at(numbered(*i)).is_taken())
        .unwrap_or(1);
    numbered(if resume {
        free.saturating_sub(1).max(1)
    } else {
        free
    })
}

/// A flag that Ctrl-C sets, and whatever else asks the program to end (SIGTERM, SIGHUP); the second time ends it at once.
fn interrupt() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let handler = flag.clone();
    let set = ctrlc::set_handler(move || {
        if handler.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        output::say(format_args!(
            "\nstopping after this batch; Ctrl-C again to stop at once"
        ));
    });
    if let Err(error) = set {
        tracing::warn!("Ctrl-C will end the program without saving: {error}");
    }
    flag
}
