//! `gcnn init`.

use std::path::PathBuf;

use clap::Args;
use gcnn_datasets::ImageFolderConfig;
use gcnn_datasets::image_folder::Survey;
use gcnn_train::files::write_atomically;
use gcnn_train::suggestion::{Pictures, Suggestion};

use super::looking;
use crate::ProgramError;
use crate::output;
use crate::report::folder;

#[derive(Debug, Args)]
pub struct InitArgs {
    /// A folder of pictures: a folder for each class in it, or train, valid and test with such folders, or a labels.csv with classes,
    /// numbers or labels
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Where to write the run file [default: the folder's name with .toml, here]
    #[arg(long, value_name = "FILE.toml")]
    output: Option<PathBuf>,
    /// Print what was found as one JSON object on standard output, and write nothing
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl InitArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let config = ImageFolderConfig::new(&self.folder);
        let bar = looking();
        let survey = Survey::with_progress(&config, |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        });
        bar.finish_and_clear();
        let survey = survey.map_err(gcnn_train::TrainError::from)?;
        if self.json {
            return output::line(serde_json::json!(survey));
        }
        if survey.pictures == 0 {
            return Err(ProgramError::Refused(format!(
                "{}: no picture in it can be read{}",
                self.folder.display(),
                match survey.unreadable.first() {
                    Some(file) => format!(
                        "; the first of {} files or folders: {}: {}",
                        survey.unreadable_count, file.name, file.reason
                    ),
                    None => String::new(),
                }
            )));
        }
        let about = folder::describe(&survey);
        about.iter().try_for_each(output::line)?;
        for matter in folder::matters(&survey) {
            output::line(format_args!("note: {matter}"))?;
        }
        let file = match self.output {
            Some(file) => file,
            None => {
                let whole = self.folder.canonicalize().unwrap_or(self.folder.clone());
                let name = whole.file_name().map(PathBuf::from);
                let file = name.unwrap_or("pictures".into());
                let mut name = file.into_os_string();
                name.push(".toml");
                name.into()
            }
        };
        if file.exists() {
            return Err(ProgramError::Refused(format!(
                "{} exists already; --output names another file",
                file.display()
            )));
        }
        let pictures = Pictures::of(&survey, &config);
        let suggestion = Suggestion::new(&pictures);
        let text = suggestion.to_run_file(
            &self.folder,
            &about,
            &survey.targets,
            !survey.classes.is_empty(),
        );
        write_atomically(&file, text.as_bytes())?;
        output::line(format_args!(
            "run file: {0}; to train: gcnn train {0}",
            file.display()
        ))
    }
}
