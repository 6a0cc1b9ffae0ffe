//! Zip archives, taken apart and put together again.
//!
//! ```text
//! for each member    "PK\3\4" … name  data
//! for each member    "PK\1\2" … name           sizes, sum, where it begins
//! "PK\5\6" …                                   how many there are, where their list begins
//! ```

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) data: Vec<u8>,
    /// Whether it is packed.
    pub(super) packed: bool,
    /// A size other than its own that the list claims for it.
    pub(super) claimed: Option<u32>,
}

/// Takes an archive apart whose members are not packed; none where it isn't one.
pub(super) fn read(file: &[u8]) -> Option<Vec<Member>> {
    let end = file.len().checked_sub(22)?;
    let end = file.get(end..)?.strip_prefix(b"PK\x05\x06")?;
    let mut rest = file.get(long(end, 12)? as usize..)?;
    let mut members = Vec::new();
    for _ in 0..word(end, 6)? {
        rest.starts_with(b"PK\x01\x02").then_some(())?;
        let [name, extra, comment] = [28, 30, 32].map(|at| word(rest, at).map_or(0, usize::from));
        let local = file.get(long(rest, 42)? as usize..)?;
        let start = 30 + usize::from(word(local, 26)?) + usize::from(word(local, 28)?);
        let length = long(rest, 20)? as usize;
        members.push(Member {
            name: String::from_utf8(rest.get(46..46 + name)?.to_vec()).ok()?,
            data: local.get(start..start.checked_add(length)?)?.to_vec(),
            packed: false,
            claimed: None,
        });
        (word(rest, 10)? == 0).then_some(())?;
        rest = rest.get(46 + name + extra + comment..)?;
    }
    Some(members)
}

/// The archive's bytes.
pub(super) fn write(members: &[Member]) -> Vec<u8> {
    let (mut file, mut list) = (Vec::new(), Vec::new());
    for member in members {
        let mut sum = flate2::Crc::new();
        sum.update(&member.data);
        let data = match member.packed {
            true => pack(&member.data),
            false => member.data.clone(),
        };
        let start = file.len() as u32;
        // Version, flags, packing, time and date.
        let mut fields = vec![
            20,
            0,
            0,
            0,
            if member.packed { 8 } else { 0 },
            0,
            0,
            0,
            0x21,
            0,
        ];
        fields.extend(sum.sum().to_le_bytes());
        fields.extend((data.len() as u32).to_le_bytes());
        let size = member.claimed.unwrap_or(member.data.len() as u32);
        fields.extend(size.to_le_bytes());
        fields.extend((member.name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        file.extend(b"PK\x03\x04");
        file.extend_from_slice(&fields);
        file.extend(member.name.as_bytes());
        file.extend(data);
        list.extend(b"PK\x01\x02\x14\0");
        list.extend_from_slice(&fields);
        list.extend([0; 10]);
        list.extend(start.to_le_bytes());
        list.extend(member.name.as_bytes());
    }
    let count = (members.len() as u16).to_le_bytes();
    let (start, length) = (file.len() as u32, list.len() as u32);
    file.extend(list);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].concat());
    file.extend(length.to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory doesn't fail.
    let _ = packer.write_all(bytes);
    packer.finish().unwrap_or_default()
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_put_together_as_they_were() {
        let file = include_bytes!("../../../program/tests/fixtures/egnn.pt");
        let members = read(file).expect("an archive");
        assert!(members.iter().any(|member| member.name == "egnn/data.pkl"));
        assert_eq!(read(&write(&members)), Some(members));
    }
}
