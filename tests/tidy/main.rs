//! The rules of the tree, held by tests: who may import whom, how long a file may be, and that README,
//! examples and code say the same. Rules are tables; a change that needs an exception names it here.

mod documents;
mod sources;

use std::path::Path;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = top().join(path);
    let text = std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()));
    text.expect("a file to judge")
}

fn nothing(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
