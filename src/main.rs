//! `ddl`: parses the command line and hands over to [`ddl::cli`].

fn main() -> std::process::ExitCode {
    ddl::cli::main()
}
