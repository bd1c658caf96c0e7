//! The `siem-loader` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    siem_loader::cli::main()
}
