//! The `siem-loader` program: a Lambda function where Lambda started it, else the command line.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use siem_loader::{cli, lambda, processor};

fn main() -> ExitCode {
    if let Some(missing) = processor::missing() {
        // Nothing can be done about an error of standard error.
        let _ = writeln!(io::stderr(), "siem-loader: {missing}");
        return ExitCode::from(2);
    }
    if std::env::var_os(lambda::RUNTIME_API).is_some() { lambda::main() } else { cli::main() }
}
