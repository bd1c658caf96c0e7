//! The `siem-loader` program: a Lambda function where Lambda started it, else the command line.

use std::process::ExitCode;

use siem_loader::{cli, lambda};

fn main() -> ExitCode {
    if std::env::var_os(lambda::RUNTIME_API).is_some() { lambda::main() } else { cli::main() }
}
