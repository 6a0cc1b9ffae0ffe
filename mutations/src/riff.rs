//! RIFF, the container of WebP and WAV: "RIFF", a length, a name of four letters, then chunks of a name, a length and data; all
//! lengths are right here.

/// A chunk: its name of four letters and its data.
pub type Chunk = (Vec<u8>, Vec<u8>);

/// The chunks of a file; none where it has none.
pub fn read(file: &[u8]) -> Option<Vec<Chunk>> {
    let mut rest = file.get(12..)?;
    let mut chunks = Vec::new();
    while let Some((start, after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_le_bytes([start[4], start[5], start[6], start[7]]) as usize;
        let Some((data, after)) = after.split_at_checked(length) else {
            break;
        };
        chunks.push((start[..4].to_vec(), data.to_vec()));
        rest = after.get(length % 2..).unwrap_or_default();
    }
    (!chunks.is_empty()).then_some(chunks)
}

/// A file of that name with these chunks.
pub fn write(name: &[u8; 4], chunks: &[Chunk]) -> Vec<u8> {
    let mut inner = name.to_vec();
    for (name, data) in chunks {
        inner.extend_from_slice(name);
        inner.extend((data.len() as u32).to_le_bytes());
        inner.extend_from_slice(data);
        inner.extend(vec![0; data.len() % 2]);
    }
    [b"RIFF", &(inner.len() as u32).to_le_bytes()[..], &inner].concat()
}
