//! `gcnn train --folds`: a run for each part of a cross-validation, and all of them together.
//!
//! ```text
//! ROOT/fold-0 …      run folders
//! ROOT/folds.json    what they say together
//! ROOT/predictions.csv   every picture's answer, by the network that was not trained on it
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use gcnn_train::TrainError;
use gcnn_train::files::write_atomically;
use gcnn_train::run_file::RunConfig;
use gcnn_train::run_file::{Experiment, ImageDatasetConfig, RunFile};
use gcnn_train::suggestion;
use gcnn_train::task::Split;
use gcnn_train::task::folds::{self, Folds};
use gcnn_train::task::predictions::{self, Predictions};
use gcnn_train::task::targets::{self, TargetFolds, TargetPredictions};
use gcnn_train::training::run;
use gcnn_train::training::run_folder::RunFolder;
use serde::Serialize;

use super::{TrainArgs, default_folder};
use crate::ProgramError;
use crate::cli::resolve;
use crate::output;
use crate::report::errors;

/// Parts where neither the command nor the file says how many.
const FOLDS: usize = 5;

impl TrainArgs {
    /// Trains all folds that are not finished, one after the other, and reports.
    pub(super) fn train_folds(
        &self,
        file: &RunFile,
        count: Option<u16>,
        interrupt: Arc<AtomicBool>,
    ) -> Result<(), ProgramError> {
        let Experiment::Images(own) = &file.config().experiment else {
            return Err(not_a_folder());
        };
        let ImageDatasetConfig::ImageFolder(pictures) = &own.dataset else {
            return Err(not_a_folder());
        };
        let count = count.map_or(pictures.folds.unwrap_or(FOLDS), usize::from);
        let root = match self.output.clone().or(file.config().output.clone()) {
            Some(root) => root,
            None => default_folder(&self.file, self.resume),
        };
        if !self.resume && RunFolder::at(&root).is_taken() {
            return Err(RunFolder::at(&root).taken().into());
        }
        let mut tables = Vec::with_capacity(count);
        for fold in 0..count {
            let folder = RunFolder::at(root.join(format!("fold-{fold}")));
            if !folder.report().is_file() {
                if !self.quiet {
                    output::say(format_args!("fold {} of {count}", fold + 1));
                }
                self.train_fold([fold, count], &folder, interrupt.clone())
                    .map_err(|error| self.explained(error, count, &root))?;
            }
            tables.push(folder.predictions());
        }
        let text = match pictures.target.is_some() {
            true => pooled_targets(&tables, &root)?,
            false => pooled_classes(&tables, &root)?,
        };
        output::say(text.trim_end());
        output::say(format_args!("all of it is in {}", root.display()));
        Ok(())
    }

    fn train_fold(
        &self,
        [fold, count]: [usize; 2],
        folder: &RunFolder,
        interrupt: Arc<AtomicBool>,
    ) -> Result<(), ProgramError> {
        let keys = [
            format!("dataset.folds={count}"),
            format!("dataset.fold={fold}"),
        ];
        let file = self.read(&keys)?;
        let resume = folder.config().is_file();
        let mut config = match resume {
            true => {
                let before = RunConfig::load(&folder.config(), &[])?;
                let config = suggestion::resolve_resumed(&file, &before)?;
                run::check_resumable(&before, &config)?;
                config
            }
            false => resolve(&file)?,
        };
        self.apply_to(&mut config)?;
        config.output = Some(folder.root().to_path_buf());
        self.train(&config, folder, resume, interrupt)
    }

    /// The way to go on is that of all folds.
    fn explained(&self, error: ProgramError, count: usize, root: &Path) -> ProgramError {
        match error {
            ProgramError::Train(TrainError::Interrupted { epoch, folder }) => {
                // What was set is part of the question: without it another one would go on.
                let set = self.set.iter().map(|set| format!(" --set '{set}'"));
                ProgramError::Stopped(format!(
                    "stopped on request in epoch {epoch} of {}; to go on from here: gcnn train {} --folds {count} --resume --output {}{}",
                    folder.display(),
                    self.file.display(),
                    root.display(),
                    set.collect::<String>()
                ))
            }
            error => error,
        }
    }
}

/// What all folds say of classes, written down and in words.
fn pooled_classes(tables: &[PathBuf], root: &Path) -> Result<String, ProgramError> {
    let tested = tables.iter().map(|table| folds::read(table, Split::Test));
    let tested: Vec<Predictions> = tested.collect::<Result<_, _>>()?;
    let found = Folds::new(&tested)?;
    let all = Predictions::joined(&tested)?;
    predictions::write(&root.join("predictions.csv"), &[&all], 1.0)?;
    write_found(&found, root)?;
    Ok(found.text())
}

/// The same of numbers or labels.
fn pooled_targets(tables: &[PathBuf], root: &Path) -> Result<String, ProgramError> {
    let read = targets::predictions::read;
    let tested = tables.iter().map(|table| read(table, Split::Test));
    let tested: Vec<TargetPredictions> = tested.collect::<Result<_, _>>()?;
    let found = TargetFolds::new(&tested)?;
    let all = TargetPredictions::joined(&tested)?;
    targets::predictions::write(&root.join("predictions.csv"), &[&all])?;
    errors::draw(&root.join(errors::FILE), &all)?;
    write_found(&found, root)?;
    Ok(found.text())
}

fn write_found(found: &impl Serialize, root: &Path) -> Result<(), ProgramError> {
    let path = root.join("folds.json");
    let json = serde_json::to_string_pretty(found)
        .map_err(|e| TrainError::io("write", &path)(e.into()))?;
    Ok(write_atomically(&path, json.as_bytes())?)
}

fn not_a_folder() -> ProgramError {
    ProgramError::Refused("--folds is for folders of pictures (task = \"image-folder\")".into())
}
