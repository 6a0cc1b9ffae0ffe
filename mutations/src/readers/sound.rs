//! Readers of sound.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use gcnn_datasets::{AudioFolderConfig, Clip, ImageSource, Split};
use hound::{SampleFormat, WavSpec, WavWriter};

use super::{Parts, Trouble, of_file, words};
use crate::mutator::Frame;

/// Clips of the kinds that are read: whole numbers of each width, floats, and several channels.
fn clips() -> Result<Vec<Vec<u8>>, Trouble> {
    let mut clips = Vec::new();
    for (channels, bits, rate) in [
        (1, 8, 8_000),
        (1, 16, 8_000),
        (2, 16, 44_100),
        (3, 24, 1_000),
        (1, 32, 16_000),
    ] {
        clips.push(clip(channels, bits, rate, |writer, at| {
            let loudest = 1i64 << (bits - 1);
            writer.write_sample(((at * loudest / 40) - loudest / 3) as i32)
        })?);
    }
    clips.push(clip(1, 32, 8_000, |writer, at| {
        writer.write_sample(at as f32 / 40.0)
    })?);
    Ok(clips)
}

type Writer<'a> = WavWriter<Cursor<&'a mut Vec<u8>>>;

/// A clip of fifteen moments; floats where samples of 32 bits come at 8 kHz.
fn clip(
    channels: u16,
    bits: u16,
    rate: u32,
    write: impl Fn(&mut Writer, i64) -> hound::Result<()>,
) -> Result<Vec<u8>, Trouble> {
    let mut file = Vec::new();
    let is_float = (bits, rate) == (32, 8_000);
    let spec = WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: bits,
        sample_format: if is_float {
            SampleFormat::Float
        } else {
            SampleFormat::Int
        },
    };
    let mut writer = WavWriter::new(Cursor::new(&mut file), spec)?;
    (0..15 * i64::from(channels)).try_for_each(|at| write(&mut writer, at))?;
    writer.finalize()?;
    Ok(file)
}

/// A clip in memory, brought to a rate and stretched.
pub(super) fn wav() -> Result<Parts, Trouble> {
    let read = |bytes: &[u8]| {
        let name = Path::new("a.wav");
        let clip = Clip::from_bytes(bytes, name).map_err(words)?;
        let brought = clip.resampled(8_000, 1.5, name).map_err(words)?;
        brought.fill(&mut [0.0; 64]);
        Ok(())
    };
    Ok((Frame::Wave, clips()?, Box::new(read)))
}

/// The same in a folder beside whole ones.
pub(super) fn folder(root: PathBuf) -> Result<Parts, Trouble> {
    let clips = clips()?;
    for name in ["a_x_0.wav", "a_y_1.wav", "b_x_0.wav", "b_y_1.wav"] {
        fs::write(root.join(name), &clips[1])?;
    }
    let config = AudioFolderConfig::new(&root)
        .with_pattern("{class}_{speaker}_{index}.wav")
        .with_group("speaker")
        .with_window(8_000, 32);
    let read = of_file(root.join("b_z_2.wav"), move |_| {
        config.load_split(Split::All).map_err(words).map(drop)
    });
    Ok((Frame::Wave, clips, read))
}
