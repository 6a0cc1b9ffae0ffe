//! Pickles: instructions for a machine with a stack, each a byte and what it takes.
//!
//! Source: CPython's `pickletools`.

use crate::bytes::odd_number;
use crate::random::Random;

/// An instruction and what it takes, the length in front of it included.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    code: u8,
    argument: Vec<u8>,
}

/// Instructions that take nothing: marks, empty containers, and those that take from the stack.
const BARE: &[u8] = b"()]}.0123NQRabdestu\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x94";

/// What a pickle may call: what checkpoints do, and what they should not.
const GLOBALS: [&str; 10] = [
    "collections\nOrderedDict\n",
    "torch._utils\n_rebuild_tensor_v2\n",
    "torch._utils\n_rebuild_parameter\n",
    "torch\nFloatStorage\n",
    "torch\nDoubleStorage\n",
    "torch\nBoolStorage\n",
    "torch\nBFloat16Storage\n",
    "torch\nSize\n",
    "numpy.core.multiarray\nscalar\n",
    "os\nsystem\n",
];

/// How long what an instruction takes is; none where there is no such instruction.
fn argument(code: u8, rest: &[u8]) -> Option<usize> {
    let counted = |width: usize| -> Option<usize> {
        let length = rest.get(..width)?.iter().rev();
        let length = length.fold(0usize, |length, byte| length << 8 | usize::from(*byte));
        length.checked_add(width)
    };
    let line = |rest: &[u8]| Some(rest.iter().position(|byte| *byte == b'\n')? + 1);
    match code {
        b'K' | b'q' | b'h' | 0x80 | 0x82 => Some(1),
        b'M' | 0x83 => Some(2),
        b'J' | b'r' | b'j' | 0x84 => Some(4),
        b'G' | 0x95 => Some(8),
        b'U' | b'C' | 0x8a | 0x8c => counted(1),
        b'T' | b'X' | b'B' | 0x8b => counted(4),
        0x8d | 0x8e | 0x96 => counted(8),
        b'I' | b'F' | b'L' | b'S' | b'V' | b'p' | b'g' | b'P' => line(rest),
        b'c' | b'i' => {
            let first = line(rest)?;
            Some(first + line(rest.get(first..)?)?)
        }
        code => BARE.contains(&code).then_some(0),
    }
}

/// The instructions of pickles that stand one after the other, and what is behind the last one.
fn read(mut rest: &[u8]) -> Option<(Vec<Step>, &[u8])> {
    let mut steps = Vec::new();
    while let [0x80, ..] = rest {
        let mut inner = rest;
        let mut found = Vec::new();
        loop {
            let (code, after) = inner.split_first()?;
            let (own, after) = after.split_at_checked(argument(*code, after)?)?;
            found.push(Step {
                code: *code,
                argument: own.to_vec(),
            });
            inner = after;
            if *code == b'.' {
                break;
            }
        }
        steps.append(&mut found);
        rest = inner;
    }
    (!steps.is_empty()).then_some((steps, rest))
}

fn write(steps: &[Step], rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for step in steps {
        bytes.push(step.code);
        bytes.extend_from_slice(&step.argument);
    }
    bytes.extend_from_slice(rest);
    bytes
}

/// Damages pickles; none where there is none.
pub(super) fn damage(random: &mut Random, seed: &[u8]) -> Option<Vec<u8>> {
    let (mut steps, rest) = read(seed)?;
    let mut rest = rest.to_vec();
    for _ in 0..1 + random.below(3) {
        let (at, other) = (random.below(steps.len()), random.below(steps.len()));
        match random.below(14) {
            _ if steps.is_empty() => break,
            0 => drop(steps.remove(at)),
            1 => steps.insert(at, steps[other].clone()),
            2 => steps.swap(at, other),
            3 => steps[at] = bare(random.one_of(BARE)),
            // A number: sizes of tensors, their strides and where they begin.
            4..8 => {
                if let Some(step) = next(&mut steps[at..], b"KMJ\x8a") {
                    *step = number(random);
                }
            }
            // A string: names of tensors, keys of their numbers, devices.
            8 => {
                let donor = next(&mut steps[other..], b"XU\x8c").cloned();
                if let (Some(step), Some(donor)) = (next(&mut steps[at..], b"XU\x8c"), donor) {
                    *step = donor;
                }
            }
            9 => {
                if let Some(step) = next(&mut steps[at..], b"XU\x8c") {
                    *step = string(random);
                }
            }
            // What is called, and what was remembered.
            10 => {
                if let Some(step) = next(&mut steps[at..], b"c") {
                    step.argument = random.one_of(&GLOBALS).into();
                }
            }
            11 => {
                if let Some(step) = next(&mut steps[at..], b"qhrj") {
                    step.argument[0] = random.byte();
                }
            }
            12 if random.once_in(8) => {
                let depth = random.one_of(&[10, 1_000, 50_000]);
                steps.splice(at..at, nested(random, depth));
            }
            _ => {
                let length = rest.len() + 8 - random.below(16).min(rest.len());
                random.resize(&mut rest, length);
            }
        }
    }
    Some(write(&steps, &rest))
}

fn bare(code: u8) -> Step {
    let argument = Vec::new();
    Step { code, argument }
}

/// The next instruction of some kinds.
fn next<'a>(steps: &'a mut [Step], codes: &[u8]) -> Option<&'a mut Step> {
    steps.iter_mut().find(|step| codes.contains(&step.code))
}

/// A number that may be any, in one of the ways that it may be written.
fn number(random: &mut Random) -> Step {
    let number = odd_number(random).to_le_bytes();
    let (code, argument) = match random.below(4) {
        0 => (b'K', number[..1].to_vec()),
        1 => (b'M', number[..2].to_vec()),
        2 => (b'J', number[..4].to_vec()),
        _ => (0x8a, [&[8], &number[..]].concat()),
    };
    Step { code, argument }
}

fn string(random: &mut Random) -> Step {
    let known: [&[u8]; 8] = [
        b"",
        b"0",
        b"cpu",
        b"cuda:0",
        b"../0",
        b"embedding.weight",
        b"\xff\xfe",
        b"a name of a tensor that is a little longer than they are",
    ];
    let text = random.one_of(&known);
    let length = (text.len() as u32).to_le_bytes();
    Step {
        code: b'X',
        argument: [&length[..], text].concat(),
    }
}

/// A container in a container in a container.
fn nested(random: &mut Random, depth: usize) -> Vec<Step> {
    // Lists that are appended, tuples of one, dictionaries with one entry each.
    let (open, close): (&[u8], &[u8]) = match random.below(3) {
        0 => (b"]", b"a"),
        1 => (b"", b"\x85"),
        _ => (b"}N", b"s"),
    };
    let several = |codes: &[u8]| -> Vec<Step> {
        let codes = std::iter::repeat_n(codes, depth).flatten();
        codes.map(|code| bare(*code)).collect()
    };
    [several(open), vec![bare(b'N')], several(close)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pickles_are_put_together_as_they_were() {
        let file: &[u8] = include_bytes!("../../../program/tests/fixtures/nmp.pt");
        let (steps, rest) = read(file).expect("pickles");
        assert!(steps.iter().filter(|step| step.code == b'.').count() > 3);
        assert!(!rest.is_empty());
        assert_eq!(write(&steps, rest), file);
    }

    #[test]
    fn pickles_are_damaged() {
        let file: &[u8] = include_bytes!("../../../program/tests/fixtures/nmp.pt");
        let mut changed = 0;
        for case in 0..100 {
            let damaged = damage(&mut Random::new(3, case), file).expect("pickles");
            changed += usize::from(damaged != file);
        }
        assert!(changed > 80, "{changed}");
    }
}
