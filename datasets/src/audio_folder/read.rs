//! Clips become signals of one length.

use rayon::prelude::*;

use super::AudioFolderConfig;
use super::listing::{Listed, Listing};
use crate::clip::Cut;
use crate::images::Split;
use crate::random::{Purpose, Random, key};
use crate::{DatasetError, ImageDataset};

/// How many names a note has at most.
const NAMED: usize = 3;

/// What happened to the clips on their way, for the description.
#[derive(Debug, Default)]
pub(super) struct Notes {
    clips: usize,
    padded: usize,
    cropped: usize,
    resampled: usize,
    silent: Vec<String>,
}

/// What happened to a clip.
struct Done {
    cut: Cut,
    resampled: bool,
    silent: bool,
}

impl AudioFolderConfig {
    /// Refuses clips that would take too much memory.
    pub(super) fn check_memory(&self, clips: usize) -> Result<(), DatasetError> {
        let bytes = (clips as u64).saturating_mul(4 * self.samples as u64);
        let limit = self.memory_limit_mib.saturating_mul(1 << 20);
        if bytes <= limit {
            return Ok(());
        }
        let expected = format!(
            "at least {} for {clips} clips of {} samples",
            bytes.div_ceil(1 << 20),
            self.samples
        );
        Err(DatasetError::setting(
            "memory_limit_mib",
            expected,
            self.memory_limit_mib,
        ))
    }

    /// Reads the clips at some places of a listing; the first faulty one in their order is named.
    pub(super) fn read(
        &self,
        listing: &Listing,
        places: &[usize],
        split: Split,
        notes: &mut Notes,
    ) -> Result<ImageDataset, DatasetError> {
        let clips: Vec<&Listed> = places.iter().map(|place| &listing.clips[*place]).collect();
        let stretch = self.stretch_of(split);
        let factors: Vec<f64> = clips
            .iter()
            .map(|clip| self.factor(clip, stretch))
            .collect();
        let mut samples = vec![0.0f32; clips.len() * self.samples];
        let read: Vec<Result<Done, DatasetError>> = samples
            .par_chunks_exact_mut(self.samples)
            .zip(clips.par_iter().zip(&factors))
            .map(|(window, (clip, factor))| self.fill(clip, *factor, window))
            .collect();
        for (clip, done) in clips.iter().zip(read) {
            notes.add(clip, done?);
        }
        let labels = clips.iter().map(|clip| clip.class).collect();
        let shape = [1, 1, self.samples];
        let mut signals = ImageDataset::from_floats(samples, labels, shape, listing.classes.len())?
            .with_names(clips.iter().map(|clip| &clip.name[..]))?
            .with_class_names(listing.classes.iter().cloned())?;
        if let Some(numbers) = listing.group_numbers() {
            let own = places.iter().map(|place| numbers[*place]);
            signals = signals.with_sources(own.collect())?;
        }
        match stretch {
            Some(_) => signals.with_factors(factors.iter().map(|factor| *factor as f32).collect()),
            None => Ok(signals),
        }
    }

    /// The factor that a clip is stretched by: a function of the seed and of its name.
    fn factor(&self, clip: &Listed, stretch: Option<[f64; 2]>) -> f64 {
        let Some([low, high]) = stretch else {
            return 1.0;
        };
        let unit = Random::new(self.seed, Purpose::Stretch, key(&clip.name), 0).unit();
        low + (high - low) * unit
    }

    fn fill(&self, listed: &Listed, factor: f64, window: &mut [f32]) -> Result<Done, DatasetError> {
        let clip = listed.read()?;
        let brought = clip.resampled(self.rate, factor, &listed.path())?;
        Ok(Done {
            cut: brought.fill(window),
            resampled: clip.rate != self.rate,
            silent: clip.is_silent(),
        })
    }
}

impl Notes {
    fn add(&mut self, clip: &Listed, done: Done) {
        self.clips += 1;
        self.padded += usize::from(done.cut == Cut::Padded);
        self.cropped += usize::from(done.cut == Cut::Cropped);
        self.resampled += usize::from(done.resampled);
        if done.silent {
            self.silent.push(clip.name.clone());
        }
    }

    /// What is to be said, a sentence each.
    pub(super) fn words(&self, config: &AudioFolderConfig) -> Vec<String> {
        let Self {
            clips,
            padded,
            cropped,
            resampled,
            silent,
        } = self;
        let mut words = vec![format!(
            "of {clips} clips {padded} are shorter than {} samples and padded, {cropped} longer and cropped",
            config.samples
        )];
        if *resampled > 0 {
            words.push(format!("{resampled} resampled to {} Hz", config.rate));
        }
        if !silent.is_empty() {
            let mut named = silent[..silent.len().min(NAMED)].join(", ");
            if silent.len() > NAMED {
                named.push_str(" …");
            }
            words.push(format!("{} silent ({named})", silent.len()));
        }
        words
    }
}
