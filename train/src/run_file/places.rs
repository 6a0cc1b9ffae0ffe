//! Places on a machine in a configuration: where data and caches lie, and which file a fine-tuned run starts from.
//!
//! A weights file goes to other people. It holds names in their stead, so that it tells nothing of the machine that made it, and
//! a file of somebody else's cannot choose what is read or written here.

use std::path::{Path, PathBuf};

use gcnn_datasets::Places;

use super::{Experiment, RunConfig};

/// The last part of a path, its name.
pub fn last_part(path: &Path) -> PathBuf {
    path.file_name().map(PathBuf::from).unwrap_or_default()
}

impl RunConfig {
    /// The same without places. A data set that would mean another one without its path keeps the last part of it.
    pub fn without_places(mut self) -> Self {
        self.output = None;
        if let Some(finetune) = &mut self.finetune {
            // A name of the zoo is its own last part.
            finetune.from = last_part(&finetune.from);
        }
        match &mut self.experiment {
            Experiment::NBody(own) => {
                // Without its path it would mean simulations.
                own.dataset.path = own.dataset.path.as_deref().map(last_part);
                own.dataset.cache_path = None;
            }
            Experiment::Segmentation(own) => {
                let path = own.dataset.path.as_deref();
                own.dataset.path = path.filter(|_| own.dataset.needs_a_place()).map(last_part);
            }
            Experiment::Images(own) => {
                let path = own.dataset.places().path;
                let kept = path.filter(|_| own.dataset.needs_a_place());
                own.dataset.set_places(Places {
                    path: kept.as_deref().map(last_part),
                    cache: None,
                });
            }
        }
        self
    }

    /// The same with the data, wherever they lie, of a run that it goes on with: whether those that it names itself are the same is
    /// seen when they are read. Files in place of simulations are other data.
    pub fn with_data_of(self, before: &Self) -> Self {
        let finetune = self.finetune.clone();
        let simulated = |run: &Self| match &run.experiment {
            Experiment::NBody(own) => own.dataset.path.is_none(),
            Experiment::Images(_) | Experiment::Segmentation(_) => false,
        };
        if simulated(&self) != simulated(before) {
            return self;
        }
        Self {
            finetune,
            ..self.with_places_of(before)
        }
    }

    /// Whether the data cannot be found without being told where they lie.
    pub fn needs_a_place(&self) -> bool {
        match &self.experiment {
            Experiment::NBody(own) => own.dataset.path.is_some(),
            Experiment::Images(own) => own.dataset.needs_a_place(),
            Experiment::Segmentation(own) => own.dataset.needs_a_place(),
        }
    }

    /// The same with the places of another configuration of the same data set; of another one, there are none to take.
    pub fn with_places_of(mut self, other: &Self) -> Self {
        if let (Some(own), Some(other)) = (&mut self.finetune, &other.finetune) {
            own.from = other.from.clone();
        }
        match (&mut self.experiment, &other.experiment) {
            (Experiment::NBody(own), Experiment::NBody(other)) => {
                own.dataset.path = other.dataset.path.clone();
                own.dataset.cache_path = other.dataset.cache_path.clone();
            }
            (Experiment::Segmentation(own), Experiment::Segmentation(other)) => {
                own.dataset.path = other.dataset.path.clone();
            }
            (Experiment::Images(own), Experiment::Images(other))
                if own.dataset.task() == other.dataset.task() =>
            {
                own.dataset.set_places(other.dataset.places());
            }
            _ => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_and_come_back() {
        for text in [
            "task = \"image-folder\"\n[dataset]\npath = \"/home/me/photos\"\n",
            "task = \"nbody\"\n[dataset]\npath = \"/home/me/photos\"\ncache_path = \"/home/me/cache\"\n",
            "task = \"pcam\"\n[dataset]\npath = \"/home/me/photos\"\ncache = \"/home/me/cache\"\n",
            "task = \"nuclei\"\n[dataset]\nsource = \"folder\"\npath = \"/home/me/photos\"\n",
            "task = \"segmentation\"\n[dataset]\nsource = \"folder\"\npath = \"/home/me/photos\"\n",
            "[dataset]\nsource = \"amat\"\npath = \"/home/me/photos\"\n[finetune]\nfrom = \"/home/me/a.safetensors\"\n",
        ] {
            let run = RunConfig::parse(text, "run.toml".as_ref(), &[]).expect(text);
            let bare = run.clone().without_places();
            let written = bare.to_toml().expect("TOML");
            assert!(!written.contains("home"), "{written}");
            assert_eq!(bare.with_places_of(&run), run, "{text}");
        }
    }
}
