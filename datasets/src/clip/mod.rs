//! A clip of sound: read from a WAV file, brought to another rate or length, and cut to a window.

mod resample;
mod wav;

use std::path::Path;

use crate::DatasetError;

/// The slowest and the fastest rate of a clip, in samples per second.
pub const RATES: [u32; 2] = [1_000, 768_000];

/// The most samples of a clip, as it is stored and at any rate that it is brought to.
const MOST_SAMPLES: usize = 1 << 26;

/// A clip of sound with one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Samples per second.
    pub rate: u32,
    /// The samples. What is stored as whole numbers comes to −1 to 1.
    pub samples: Vec<f32>,
}

/// What a window does to a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The clip is as long as the window.
    Exact,
    /// It is shorter: there are zeros on both sides of it.
    Padded,
    /// It is longer: its ends are lost.
    Cropped,
}

impl Clip {
    /// Reads a WAV file: whole numbers of 8 to 32 bits or floats of 32, of any number of channels, whose mean is taken. Files of
    /// at most 128 MiB are read.
    ///
    /// # Errors
    /// Where the file is not there, is no such file or a damaged one, or has no samples or more than 2²⁶ of a channel.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        wav::read(path)
    }

    /// The same of a file in memory; the name is what errors call it.
    ///
    /// # Errors
    /// As of [`Self::read`].
    pub fn from_bytes(bytes: &[u8], name: &Path) -> Result<Self, DatasetError> {
        wav::parse(bytes, name)
    }

    /// The clip at another rate and `stretch` times as long, in one resampling. A clip that is stretched sounds slower and
    /// lower; what the new rate cannot hold is filtered out before. `name` is what errors call it.
    ///
    /// # Errors
    /// Where rates or stretch are none, or the result would have more than 2²⁶ samples.
    pub fn resampled(&self, rate: u32, stretch: f64, name: &Path) -> Result<Self, DatasetError> {
        let ratio = f64::from(rate) / f64::from(self.rate) * stretch;
        if ratio == 1.0 {
            return Ok(Self {
                rate,
                samples: self.samples.clone(),
            });
        }
        let length = (self.samples.len() as f64 * ratio).round();
        // Not a number is too much, too.
        if !(ratio > 0.0 && length <= MOST_SAMPLES as f64) {
            let expected = format!("at most {MOST_SAMPLES} samples at {rate} Hz");
            return Err(DatasetError::malformed(name, expected, length.to_string()));
        }
        Ok(Self {
            rate,
            samples: resample::resample(&self.samples, ratio, (length as usize).max(1)),
        })
    }

    /// Whether nothing is to be heard: all samples are the same.
    pub fn is_silent(&self) -> bool {
        self.samples.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Fills a window with the clip.
    ///
    /// ```text
    /// shorter   the clip in the middle, zeros on both sides (one more behind it where they are odd)
    /// longer    the part whose middle is nearest to the centre of the energy,  Σ t x(t)² / Σ x(t)²
    /// ```
    pub fn fill(&self, window: &mut [f32]) -> Cut {
        let (length, wanted) = (self.samples.len(), window.len());
        if length <= wanted {
            window.fill(0.0);
            let before = (wanted - length) / 2;
            window[before..before + length].copy_from_slice(&self.samples);
            return if length == wanted {
                Cut::Exact
            } else {
                Cut::Padded
            };
        }
        let start = (self.centre() - wanted as f64 / 2.0).round().max(0.0) as usize;
        let start = start.min(length - wanted);
        window.copy_from_slice(&self.samples[start..start + wanted]);
        Cut::Cropped
    }

    /// The centre of the energy, where samples are an interval of length 1 each; the middle of a clip without energy.
    fn centre(&self) -> f64 {
        let (mut energy, mut moment) = (0.0, 0.0);
        for (place, sample) in self.samples.iter().enumerate() {
            let own = f64::from(*sample) * f64::from(*sample);
            energy += own;
            moment += own * (place as f64 + 0.5);
        }
        if energy > 0.0 {
            moment / energy
        } else {
            self.samples.len() as f64 / 2.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(samples: &[f32]) -> Clip {
        Clip {
            rate: 8000,
            samples: samples.to_vec(),
        }
    }

    #[test]
    fn a_short_clip_stands_in_the_middle() {
        let mut window = [9.0; 6];
        assert_eq!(clip(&[1.0, 2.0, 3.0]).fill(&mut window), Cut::Padded);
        assert_eq!(window, [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
        let exact = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(
            (clip(&exact).fill(&mut window), window),
            (Cut::Exact, exact)
        );
    }

    #[test]
    fn a_long_clip_is_cut_around_its_energy() {
        let mut window = [9.0; 3];
        let of = |samples: &[f32], window: &mut [f32]| clip(samples).fill(window);
        assert_eq!(
            of(&[0.0, 0.0, 0.0, 1.0, -5.0, 2.0, 0.0], &mut window),
            Cut::Cropped
        );
        assert_eq!(window, [1.0, -5.0, 2.0]);
        // Near an end the window stays within the clip, and a silent clip has its middle.
        of(&[7.0, 0.0, 0.0, 0.0, 0.5], &mut window);
        assert_eq!(window, [7.0, 0.0, 0.0]);
        of(&[0.0; 5], &mut window);
        assert_eq!(window, [0.0; 3]);
        assert!(clip(&[0.25; 5]).is_silent() && !clip(&[0.0, 0.1]).is_silent());
    }

    #[test]
    fn too_long_a_result_is_refused_before_memory_is_taken() {
        let name = Path::new("a.wav");
        let long = clip(&[0.5; 10_000]);
        for stretch in [1e6, f64::INFINITY, f64::NAN, -1.0] {
            let error = long.resampled(8000, stretch, name).unwrap_err();
            assert!(
                error.to_string().starts_with("a.wav: expected at most"),
                "{error}"
            );
        }
        assert_eq!(long.resampled(8000, 1.0, name).unwrap(), long);
        let short = long.resampled(1000, 1e-9, name).unwrap();
        assert_eq!((short.samples.len(), short.rate), (1, 1000));
    }
}
