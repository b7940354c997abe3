use std::io::{self, BufReader};

use crate::adapters::{About, ServeError, quiet_panics, serve as serve_lines};
use crate::families::{Catalog, Visit};

use super::Exit;
use super::arguments::ServeArguments;
use super::output::refuse;
use super::subjects::mutant;

/// Puts the reference, or a mutant, behind the child-process protocol.
pub(super) fn serve(arguments: &ServeArguments) -> Exit {
    arguments.family.visit(Serve { arguments })
}

struct Serve<'a> {
    arguments: &'a ServeArguments,
}

impl Visit for Serve<'_> {
    type Output = Exit;

    fn visit<F: Catalog>(self) -> Exit {
        quiet_panics();
        let version = env!("CARGO_PKG_VERSION");
        let input = BufReader::with_capacity(1 << 20, io::stdin().lock());
        let output = io::stdout().lock();
        let served = match &self.arguments.mutant {
            None => {
                let about = About::machine::<F>("syncheck reference", version, F::profiles());
                serve_lines::<F>(F::reference, about, input, output)
            }
            Some(id) => {
                let mutant = match mutant::<F>(id) {
                    Ok(mutant) => mutant,
                    Err(message) => return refuse(Exit::Usage, message),
                };
                let about = About::machine::<F>(mutant.id, version, &[mutant.profile]);
                serve_lines::<F>(mutant.make, about, input, output)
            }
        };
        match served {
            Ok(()) => Exit::Pass,
            // The harness has closed its end: that is how a child is told to go.
            Err(ServeError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Pass,
            Err(error) => refuse(Exit::Usage, error),
        }
    }
}
