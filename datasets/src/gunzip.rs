//! Gzip as `gunzip` reads it: members one after the other, and zeros behind the last one, which tapes and block devices
//! leave there, are padding.
//!
//! Anything else behind a member is an error that says so: a file that was cut and glued is not read in part. Source: RFC
//! 1952, section 2.2 (members), and the manual of GNU gzip (trailing zeros).

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The first byte of every member.
const MAGIC: u8 = 0x1f;

/// The bytes of a stream, unpacked if it starts as gzip does: what [`idx`](crate::idx) and [`amat`](crate::amat) read.
pub fn unpacked<'a>(mut stream: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(if stream.fill_buf()?.starts_with(&[MAGIC, 0x8b]) {
        Box::new(Gunzip::new(stream))
    } else {
        Box::new(stream)
    })
}

/// The unpacked bytes of a gzip stream.
pub(crate) struct Gunzip<R> {
    /// The member that is read; none once the stream is at its end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gunzip<R> {
    /// Unpacks a stream from its first member on.
    pub(crate) fn new(stream: R) -> Self {
        Self {
            member: Some(GzDecoder::new(stream)),
        }
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(ended) = self.member.take() else {
                break;
            };
            self.member = next_member(ended.into_inner())?;
        }
        Ok(0)
    }
}

/// What comes behind a member: another one, padding up to the end, or nothing.
fn next_member<R: BufRead>(mut stream: R) -> io::Result<Option<GzDecoder<R>>> {
    if peek(&mut stream)? == Some(MAGIC) {
        return Ok(Some(GzDecoder::new(stream)));
    }
    loop {
        match peek(&mut stream)? {
            None => return Ok(None),
            Some(0) => {
                let zeros = stream.fill_buf()?.iter().take_while(|byte| **byte == 0);
                let zeros = zeros.count();
                stream.consume(zeros);
            }
            Some(other) => {
                let reason = format!(
                    "bytes behind the end of the gzip data that are neither gzip nor zeros (the first is {other:#04x})"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
        }
    }
}

/// The next byte, if there is one.
fn peek(stream: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        match stream.fill_buf() {
            Ok(bytes) => return Ok(bytes.first().copied()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write};

    use flate2::{Compression, write::GzEncoder};
    use rstest::rstest;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Through buffers of every small size: members and padding begin anywhere in them.
    fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let read = |capacity| {
            let mut found = Vec::new();
            Gunzip::new(BufReader::with_capacity(capacity, bytes))
                .read_to_end(&mut found)
                .map(|_| found)
        };
        let first = read(1);
        for capacity in [2, 3, 5, 64, 1 << 16] {
            let other = read(capacity);
            assert_eq!(first.as_ref().ok(), other.as_ref().ok());
        }
        first
    }

    #[rstest]
    #[case::one(vec![], b"digits")]
    #[case::zeros(vec![0; 700], b"digits")]
    #[case::one_zero(vec![0], b"digits")]
    #[case::another(packed(b" and more"), b"digits and more")]
    #[case::another_and_zeros([packed(b"!"), vec![0; 9]].concat(), b"digits!")]
    #[case::an_empty_one(packed(b""), b"digits")]
    fn members_and_padding_are_read(#[case] behind: Vec<u8>, #[case] expected: &[u8]) {
        assert_eq!(
            unpack(&[packed(b"digits"), behind].concat()).unwrap(),
            expected
        );
    }

    #[rstest]
    #[case::text(b"<html>".to_vec())]
    #[case::zeros_and_text([vec![0; 30], b"x".to_vec()].concat())]
    #[case::zeros_and_gzip([vec![0; 30], packed(b"x")].concat())]
    fn anything_else_behind_is_refused_in_words(#[case] behind: Vec<u8>) {
        let error = unpack(&[packed(b"digits"), behind].concat()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(
            error.to_string().contains("behind the end of the gzip"),
            "{error}"
        );
    }

    #[test]
    fn a_second_member_that_is_damaged_is_refused() {
        assert!(unpack(&[packed(b"digits"), vec![MAGIC, 0x8b, 8]].concat()).is_err());
        assert!(unpack(&[packed(b"digits"), vec![MAGIC, 7]].concat()).is_err());
    }
}
