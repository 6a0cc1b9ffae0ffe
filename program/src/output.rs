//! What the program writes to a terminal, a pipe or a file in the place of one.
//!
//! `println!` panics where its line cannot be written. Here standard output gives an error like any other file's, so that a full
//! disk ends the program with its reason and its exit status. A pipe that the reader has closed, as in `gcnn zoo | head -1`, is
//! no fault: the reader has what it wanted, and the program ends quietly, with status 0 ([`ProgramError::is_closed_pipe`]).
//! Words to standard error are for whoever reads along; where nobody can, they are left out.

use std::fmt::{Arguments, Display};
use std::io::{self, Write};

use crate::ProgramError;

/// Writes to standard output.
pub fn text(text: impl Display) -> Result<(), ProgramError> {
    write_to(&mut io::stdout().lock(), format_args!("{text}"))
}

/// Writes a line to standard output.
pub fn line(line: impl Display) -> Result<(), ProgramError> {
    write_to(&mut io::stdout().lock(), format_args!("{line}\n"))
}

/// Writes to standard output, with colours only where it shows them.
pub fn coloured(text: impl Display) -> Result<(), ProgramError> {
    write_to(&mut anstream::stdout().lock(), format_args!("{text}"))
}

fn write_to(output: &mut impl Write, text: Arguments) -> Result<(), ProgramError> {
    let written = output.write_fmt(text).and_then(|()| output.flush());
    written.map_err(ProgramError::Output)
}

/// Writes a line to standard error, if it can be.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    struct Refuses(ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_told_from_a_full_disk() {
        let refused =
            |kind| write_to(&mut Refuses(kind), format_args!("words")).expect_err("refused");
        assert!(refused(ErrorKind::BrokenPipe).is_closed_pipe());
        let full = refused(ErrorKind::StorageFull);
        assert!(!full.is_closed_pipe());
        assert_eq!(full.to_string(), "cannot write to standard output");
    }
}
