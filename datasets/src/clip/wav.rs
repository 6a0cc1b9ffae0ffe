//! WAV files: `RIFF`, a length, `WAVE`, then chunks, of which `fmt ` says what the bytes of `data` are.
//!
//! They are not trusted: a file is read up to a limit, and what its header claims is compared with what is there before memory
//! is taken for samples. The parser is the crate `hound`. Source: Microsoft and IBM 1991, "Multimedia programming interface and
//! data specifications 1.0".

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use hound::{Error, SampleFormat, WavReader};

use super::{Clip, MOST_SAMPLES, RATES};
use crate::DatasetError;
use crate::shield::shielded;

/// The most bytes of a file.
const MOST_BYTES: u64 = 1 << 27;

/// What is read.
const EXPECTED: &str = "a WAV file of whole numbers of 8 to 32 bits or of floats of 32 (PCM)";

/// Ways of packing samples, by their tags, that are not read.
const PACKED: [(u16, &str); 8] = [
    (0x02, "ADPCM"),
    (0x06, "A-law"),
    (0x07, "µ-law"),
    (0x11, "IMA ADPCM"),
    (0x31, "GSM 6.10"),
    (0x50, "MPEG"),
    (0x55, "MP3"),
    (0x161, "Windows Media Audio"),
];

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Clip, DatasetError> {
    let reading = |source| DatasetError::io(path, source);
    // Opening a pipe would wait for somebody who writes to it.
    if !path.metadata().map_err(reading)?.is_file() {
        return Err(DatasetError::malformed(path, EXPECTED, "no plain file"));
    }
    let file = File::open(path).map_err(reading)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(reading)?;
    if bytes.len() as u64 > MOST_BYTES {
        let expected = format!(
            "a clip of at most {} MiB; cut it into pieces",
            MOST_BYTES >> 20
        );
        return Err(DatasetError::malformed(path, expected, "more"));
    }
    parse(&bytes, path)
}

/// The largest sample of a clip of floats: some programs write whole numbers of 16 bits as floats.
const LOUDEST: f32 = 1e6;

/// Reads a file in memory.
pub(super) fn parse(bytes: &[u8], name: &Path) -> Result<Clip, DatasetError> {
    shielded(name, EXPECTED, || decode(bytes, name))
}

fn decode(bytes: &[u8], name: &Path) -> Result<Clip, DatasetError> {
    let wrong = |expected: &str, found: String| Err(DatasetError::malformed(name, expected, found));
    if bytes.is_empty() {
        return wrong(EXPECTED, "an empty file".into());
    }
    let opened = WavReader::new(Cursor::new(bytes));
    let mut reader = opened.map_err(|error| refused(&error, bytes, name))?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    let bits = spec.bits_per_sample;
    if !(8..=32).contains(&bits) {
        return wrong(EXPECTED, format!("samples of {bits} bits"));
    }
    if !(RATES[0]..=RATES[1]).contains(&spec.sample_rate) {
        let expected = format!("{} to {} samples per second", RATES[0], RATES[1]);
        return wrong(&expected, spec.sample_rate.to_string());
    }
    // A sample takes a byte or more: a header that claims more samples than there are bytes is not believed.
    let claimed = reader.len() as usize;
    let needed = (claimed as u64).saturating_mul(u64::from(bits.div_ceil(8)));
    if needed > bytes.len() as u64 {
        let expected = format!("{needed} bytes of samples, as the header says");
        return wrong(&expected, format!("a file of {} bytes", bytes.len()));
    }
    let frames = claimed / channels;
    if frames == 0 {
        return wrong("at least one sample", "none".into());
    }
    if frames > MOST_SAMPLES {
        let expected = format!("at most {MOST_SAMPLES} samples of a channel");
        return wrong(&expected, frames.to_string());
    }
    let mut samples = Vec::with_capacity(frames);
    let size = [frames, channels];
    let mixed = match spec.sample_format {
        SampleFormat::Float => mix(reader.samples::<f32>(), size, f64::from, &mut samples),
        SampleFormat::Int => {
            let unit = 1.0 / (1u64 << (bits - 1)) as f64;
            let value = |sample: i32| f64::from(sample) * unit;
            mix(reader.samples::<i32>(), size, value, &mut samples)
        }
    };
    match mixed {
        Err(Error::IoError(_)) => {
            let expected = format!("{claimed} samples, as the header says");
            let found = format!("the end of the file behind {}", samples.len() * channels);
            return wrong(&expected, found);
        }
        Err(error) => return Err(refused(&error, bytes, name)),
        Ok(()) => {}
    }
    let is_moderate = |sample: &f32| sample.abs() <= LOUDEST;
    if let Some(place) = samples.iter().position(|sample| !is_moderate(sample)) {
        return wrong(
            "finite samples, from −1 to 1 or not much beyond",
            format!("{} at place {place}", samples[place]),
        );
    }
    Ok(Clip {
        rate: spec.sample_rate,
        samples,
    })
}

/// Takes the mean of the channels of each of so many moments.
fn mix<S>(
    mut all: impl Iterator<Item = Result<S, Error>>,
    [frames, channels]: [usize; 2],
    value: impl Fn(S) -> f64,
    samples: &mut Vec<f32>,
) -> Result<(), Error> {
    for _ in 0..frames {
        let mut sum = 0.0;
        for _ in 0..channels {
            match all.next() {
                Some(sample) => sum += value(sample?),
                None => return Err(Error::UnfinishedSample),
            }
        }
        samples.push((sum / channels as f64) as f32);
    }
    Ok(())
}

/// Why the parser refused a file, in words.
fn refused(error: &Error, bytes: &[u8], name: &Path) -> DatasetError {
    let found = match error {
        Error::Unsupported => match tag(bytes) {
            Some(tag) => match PACKED.iter().find(|(known, _)| *known == tag) {
                Some((_, what)) => format!(
                    "samples packed as {what}: unpack them, for example by `ffmpeg -i IN -c:a pcm_s16le OUT`"
                ),
                None => format!("samples of another kind (its tag is {tag:#x})"),
            },
            None => "samples of another kind".into(),
        },
        Error::IoError(_) => "the end of the file in its header".into(),
        other => other.to_string(),
    };
    DatasetError::malformed(name, EXPECTED, found)
}

/// The tag of the way in which samples are stored: the first two bytes of the chunk `fmt `.
fn tag(bytes: &[u8]) -> Option<u16> {
    let mut rest = bytes.get(12..)?;
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        if head.starts_with(b"fmt ") {
            let tag = after.first_chunk::<2>()?;
            return Some(u16::from_le_bytes(*tag));
        }
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        rest = after.get(length..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};
    use rstest::rstest;

    use super::*;

    const NAME: &str = "a.wav";

    fn spec(channels: u16, bits: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec {
            channels,
            sample_rate: 8_000,
            bits_per_sample: bits,
            sample_format,
        }
    }

    fn whole(channels: u16, bits: u16, samples: &[i32]) -> Vec<u8> {
        let mut file = Vec::new();
        let spec = spec(channels, bits, SampleFormat::Int);
        let mut writer = WavWriter::new(Cursor::new(&mut file), spec).unwrap();
        samples
            .iter()
            .for_each(|s| writer.write_sample(*s).unwrap());
        writer.finalize().unwrap();
        file
    }

    fn floats(samples: &[f32]) -> Vec<u8> {
        let mut file = Vec::new();
        let spec = spec(1, 32, SampleFormat::Float);
        let mut writer = WavWriter::new(Cursor::new(&mut file), spec).unwrap();
        samples
            .iter()
            .for_each(|s| writer.write_sample(*s).unwrap());
        writer.finalize().unwrap();
        file
    }

    fn error(bytes: &[u8]) -> String {
        parse(bytes, Path::new(NAME)).unwrap_err().to_string()
    }

    #[rstest]
    #[case::bits8(8)]
    #[case::bits16(16)]
    #[case::bits24(24)]
    #[case::bits32(32)]
    fn whole_numbers_come_to_one(#[case] bits: u16) {
        let full = (1i64 << (bits - 1)) as f64;
        let samples = [-full, -0.5 * full, 0.0, 0.25 * full].map(|s| s as i32);
        let clip = parse(&whole(1, bits, &samples), Path::new(NAME)).unwrap();
        assert_eq!(
            (clip.rate, &clip.samples[..]),
            (8_000, &[-1.0, -0.5, 0.0, 0.25][..])
        );
    }

    #[test]
    fn floats_are_taken_as_they_are_and_channels_are_mixed() {
        let clip = parse(&floats(&[0.1, -2.0]), Path::new(NAME)).unwrap();
        assert_eq!(clip.samples, [0.1, -2.0]);
        let clip = parse(
            &whole(3, 16, &[0, 0, 16_384, -32_768, -32_768, -32_768]),
            Path::new(NAME),
        );
        let samples = clip.unwrap().samples;
        assert!((samples[0] - 0.5 / 3.0).abs() < 1e-7 && samples[1] == -1.0);
    }

    #[test]
    fn files_that_are_none_say_why() {
        assert!(error(b"").contains("an empty file"));
        assert!(error(b"ID3 something else").contains("no RIFF tag found"));
        assert!(error(&whole(1, 16, &[1, 2])[..30]).contains("the end of the file in its header"));
        assert!(error(&whole(1, 16, &[])).contains("expected at least one sample, found none"));
        for sample in [f32::NAN, f32::INFINITY, 3e38] {
            let told = error(&floats(&[0.0, sample]));
            assert!(told.contains("finite samples, from −1 to 1"), "{told}");
            assert!(told.contains("at place 1"), "{told}");
        }
        let folder = tempfile::tempdir().unwrap();
        let told = read(folder.path()).unwrap_err().to_string();
        assert!(told.contains("no plain file"), "{told}");
        for expected in [NAME, "a WAV file of whole numbers"] {
            assert!(error(b"RIFF").contains(expected));
        }
    }

    #[test]
    fn damaged_headers_are_not_believed() {
        let good = whole(1, 16, &[100; 50]);
        // Hound writes a `fmt ` chunk of 16 bytes for plain PCM, so that `data` says its length at 40.
        let length_at = good.windows(4).position(|w| w == b"data").unwrap() + 4;
        let set = |place: usize, bytes: &[u8]| {
            let mut file = good.clone();
            file[place..place + bytes.len()].copy_from_slice(bytes);
            file
        };
        let four_gb = error(&set(length_at, &0xffff_fffeu32.to_le_bytes()));
        assert!(
            four_gb.contains("4294967294 bytes of samples, as the header says"),
            "{four_gb}"
        );
        // A little more than is there is only seen at the end.
        let cut = error(&good[..good.len() - 6]);
        assert!(
            cut.contains("50 samples, as the header says, found the end of the file behind 47"),
            "{cut}"
        );
        for (tag, words) in [
            (0x55u16, "packed as MP3"),
            (0x07, "packed as µ-law"),
            (0x1234, "its tag is 0x1234"),
        ] {
            let packed = error(&set(20, &tag.to_le_bytes()));
            assert!(packed.contains(words), "{packed}");
        }
        for rate in [1u32, 4_000_000_000] {
            let mut file = set(24, &rate.to_le_bytes());
            file[28..32].copy_from_slice(&rate.wrapping_mul(2).to_le_bytes());
            assert!(parse(&file, Path::new(NAME)).is_err());
        }
        assert!(error(&set(22, &[0, 0])).contains("zero channels"));
    }
}
