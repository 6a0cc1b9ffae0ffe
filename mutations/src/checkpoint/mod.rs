//! Checkpoints of PyTorch: a zip archive of a pickle and the numbers of each tensor, or pickles and numbers one after the
//! other.

mod archive;
mod pickle;

use archive::Member;

use crate::bytes;
use crate::random::Random;

/// Damages a checkpoint; none where it is neither an archive nor a pickle.
pub fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    if let Some(members) = archive::read(seed) {
        return Some(archive_damage(random, members, donor));
    }
    pickle::damage(random, seed)
}

/// Damages what is packed, or how; the sums are right.
fn archive_damage(random: &mut Random, mut members: Vec<Member>, donor: &[u8]) -> Vec<u8> {
    for _ in 0..1 + random.below(2) {
        let (at, other) = (random.below(members.len()), random.below(members.len()));
        let pickle = members
            .iter()
            .position(|member| member.name.ends_with("data.pkl"));
        match random.below(12) {
            _ if members.is_empty() => break,
            0..6 => {
                let Some(pickle) = pickle else { continue };
                if let Some(damaged) = pickle::damage(random, &members[pickle].data) {
                    members[pickle].data = damaged;
                }
            }
            6 => {
                let length = random.one_of(&[0, 1, 4, 63, 65, 1024]);
                random.resize(&mut members[at].data, length);
            }
            7 => {
                let data = std::mem::take(&mut members[at].data);
                members[at].data = bytes::damage(random, data, donor);
            }
            8 => match random.below(3) {
                0 => drop(members.remove(at)),
                1 => members.insert(other, members[at].clone()),
                _ => members[at].name = members[other].name.clone(),
            },
            9 => {
                let name = std::mem::take(&mut members[at].name).into_bytes();
                let name = bytes::damage(random, name, b"../../data/0");
                members[at].name =
                    String::from_utf8_lossy(&name[..name.len().min(64)]).into_owned();
            }
            10 => members[at].packed = true,
            _ => members[at].claimed = Some(bytes::odd_number(random) as u32),
        }
    }
    archive::write(&members)
}
