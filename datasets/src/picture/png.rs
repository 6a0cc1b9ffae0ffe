//! PNG, row by row unless it is interlaced.
//!
//! Palettes, transparent colours and depths below 8 bits are expanded by the decoder; colour profiles and texts, which may
//! unpack to a thousand times their size, are passed over. Where pixels are numbers of something, nothing is expanded.

use std::io::{BufRead, Seek};
use std::path::Path;

use ::png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Reader, Transformations};

use super::orientation::{Orientation, upright, upright_size};
use super::{Picture, PictureFormat, PictureHeader, PictureLimits, Samples, damaged, is_damage};
use crate::DatasetError;

/// The most memory for rows and for what is noted beside the pixels: 16 MiB.
const NOTES: usize = 1 << 24;

/// A PNG whose header and notes are read.
pub(super) struct Opened<R: BufRead + Seek> {
    reader: Reader<R>,
    /// `[height, width]`, as it lies in the file.
    size: [usize; 2],
    orientation: Orientation,
    limits: PictureLimits,
}

impl<R: BufRead + Seek> Opened<R> {
    pub(super) fn new(
        stream: R,
        name: &Path,
        limits: &PictureLimits,
    ) -> Result<Self, DatasetError> {
        Self::with(stream, name, limits, Transformations::EXPAND)
    }

    /// The same for pixels that are numbers: places in a palette, and values of few bits, stay what they are.
    pub(super) fn of_numbers(
        stream: R,
        name: &Path,
        limits: &PictureLimits,
    ) -> Result<Self, DatasetError> {
        Self::with(stream, name, limits, Transformations::IDENTITY)
    }

    fn with(
        stream: R,
        name: &Path,
        limits: &PictureLimits,
        transformations: Transformations,
    ) -> Result<Self, DatasetError> {
        let mut decoder = Decoder::new_with_limits(stream, Limits { bytes: NOTES });
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        decoder.set_transformations(transformations);
        let info = decoder.read_header_info().map_err(|e| refused(e, name))?;
        let size = [info.height as usize, info.width as usize];
        limits.check_sides(size, name)?;
        let reader = decoder.read_info().map_err(|e| refused(e, name))?;
        let exif = reader.info().exif_metadata.as_deref();
        Ok(Self {
            orientation: exif
                .and_then(Orientation::from_exif_chunk)
                .unwrap_or(Orientation::NoTransforms),
            reader,
            size,
            limits: *limits,
        })
    }

    pub(super) fn header(&self) -> PictureHeader {
        PictureHeader {
            format: PictureFormat::Png,
            size: upright_size(self.size, self.orientation),
            channels: self.channels(),
            is_bytes: self.depth() == BitDepth::Eight,
        }
    }

    /// Whether the first row of the file is the first of the picture, and so on.
    pub(super) fn is_row_by_row(&self) -> bool {
        self.orientation == Orientation::NoTransforms && !self.reader.info().interlaced
    }

    pub(super) fn size(&self) -> [usize; 2] {
        self.size
    }

    /// 1 or 3: alpha is left out.
    pub(super) fn channels(&self) -> usize {
        kept(self.color())
    }

    /// No values, of the picture's depth.
    pub(super) fn none(&self) -> Samples {
        match self.depth() {
            BitDepth::Sixteen => Samples::Words(Vec::new()),
            _ => Samples::Bytes(Vec::new()),
        }
    }

    fn color(&self) -> ColorType {
        self.reader.output_color_type().0
    }

    fn depth(&self) -> BitDepth {
        self.reader.output_color_type().1
    }

    /// Appends the next row.
    pub(super) fn read_row(&mut self, into: &mut Samples, name: &Path) -> Result<(), DatasetError> {
        let color = self.color();
        let height = self.size[0];
        match self.reader.next_row().map_err(|e| refused(e, name))? {
            Some(row) => append(into, row.data(), color),
            None => {
                let found = format!("fewer rows than the {height} that it declares");
                return Err(damaged(name, found));
            }
        }
        Ok(())
    }

    /// After the last row: whether what is behind it is in order.
    pub(super) fn finish(&mut self, name: &Path) -> Result<(), DatasetError> {
        self.reader.next_row().map_err(|e| refused(e, name))?;
        Ok(())
    }

    pub(super) fn decode(mut self, name: &Path) -> Result<Picture, DatasetError> {
        let (channels, [height, width]) = (self.channels(), self.size);
        let bits = self.depth() as usize;
        if bits < 8 {
            return self.decode_few_bits(bits, name);
        }
        let bytes = match self.depth() {
            BitDepth::Sixteen => 2,
            _ => 1,
        };
        let pixel = bytes * self.color().samples();
        self.limits.check_bytes(self.size, pixel, name)?;
        let mut samples = self.none();
        if self.reader.info().interlaced {
            let mut packed = vec![0; height * width * pixel];
            self.reader
                .next_frame(&mut packed)
                .map_err(|e| refused(e, name))?;
            append(&mut samples, &packed, self.color());
        } else {
            for _ in 0..height {
                self.read_row(&mut samples, name)?;
            }
            self.finish(name)?;
        }
        let samples = upright(samples, self.size, channels, self.orientation);
        Picture::new(
            upright_size(self.size, self.orientation),
            channels,
            samples,
            name,
        )
    }

    /// Decodes numbers of fewer bits than a byte has, of which there are several in one.
    fn decode_few_bits(mut self, bits: usize, name: &Path) -> Result<Picture, DatasetError> {
        let [height, width] = self.size;
        self.limits.check_bytes(self.size, 1, name)?;
        let line = (width * bits).div_ceil(8);
        let mut packed = vec![0; height * line];
        self.reader
            .next_frame(&mut packed)
            .map_err(|e| refused(e, name))?;
        let number = |row: &[u8], column: usize| {
            let shift = 8 - bits - column * bits % 8;
            row[column * bits / 8] >> shift & ((1 << bits) - 1)
        };
        let rows = packed.chunks_exact(line);
        let numbers = rows.flat_map(|row| (0..width).map(move |column| number(row, column)));
        let samples = Samples::Bytes(numbers.collect());
        let samples = upright(samples, self.size, 1, self.orientation);
        Picture::new(upright_size(self.size, self.orientation), 1, samples, name)
    }
}

/// How many channels are left without alpha.
fn kept(color: ColorType) -> usize {
    match color {
        ColorType::Rgb | ColorType::Rgba => 3,
        ColorType::Grayscale | ColorType::GrayscaleAlpha | ColorType::Indexed => 1,
    }
}

/// Appends unpacked pixels without their alpha. Values of 16 bits come with their larger half first.
fn append(into: &mut Samples, packed: &[u8], color: ColorType) {
    let (found, kept) = (color.samples(), kept(color));
    match into {
        Samples::Bytes(bytes) if found == kept => bytes.extend_from_slice(packed),
        Samples::Bytes(bytes) => {
            bytes.extend(packed.chunks_exact(found).flat_map(|pixel| &pixel[..kept]));
        }
        Samples::Words(words) => {
            let pixels = packed.chunks_exact(2 * found);
            words.extend(pixels.flat_map(|pixel| {
                let (halves, _) = pixel[..2 * kept].as_chunks::<2>();
                halves.iter().map(|halves| u16::from_be_bytes(*halves))
            }));
        }
        // There are no floats in PNG.
        Samples::Floats(_) => {}
    }
}

fn refused(error: DecodingError, name: &Path) -> DatasetError {
    match error {
        DecodingError::IoError(source) if !is_damage(&source) => DatasetError::io(name, source),
        error => damaged(name, error.to_string()),
    }
}
