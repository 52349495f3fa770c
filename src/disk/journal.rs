//! For tests: what was asked of the file system, and what of it a power cut may leave.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// One step, by paths below the directory.
#[derive(Clone, Debug)]
pub enum Step {
    Create(String),
    /// The file's bytes reached the disk.
    Sync(String, Vec<u8>),
    /// The names in a directory (`""`: the first) reached the disk.
    SyncDir(String),
    Rename(String, String),
    Link(String, String),
    Remove(String),
    Mkdir(String),
}

thread_local! {
    static STEPS: RefCell<Option<Vec<Step>>> = const { RefCell::new(None) };
}

/// Notes the steps of this thread from now on.
pub fn start() {
    STEPS.set(Some(Vec::new()));
}

/// What was noted since.
pub fn stop() -> Vec<Step> {
    STEPS.take().unwrap_or_default()
}

pub fn note(step: impl FnOnce() -> Step) {
    STEPS.with_borrow_mut(|steps| {
        if let Some(steps) = steps {
            steps.push(step());
        }
    });
}

/// The directory that holds a name.
pub fn above(rel: &str) -> &str {
    rel.rsplit_once('/').map_or("", |(above, _)| above)
}

/// What a cut leaves of what no fsync has reached: of contents nothing, of names what `Names` says.
#[derive(Clone, Copy, Debug)]
pub enum Names {
    /// Every change that was made.
    All,
    /// Only those in directories that were synced since.
    Synced,
}

#[derive(Clone, Debug)]
enum Node {
    File {
        synced: Vec<u8>,
    },
    Dir {
        live: BTreeMap<String, usize>,
        synced: BTreeMap<String, usize>,
    },
}

/// A file system in the mind.
#[derive(Clone, Debug)]
pub struct Disk {
    nodes: Vec<Node>,
}

impl Disk {
    /// A directory as it lies there, all of it synced.
    pub fn of(path: &Path) -> Self {
        let mut disk = Self { nodes: Vec::new() };
        disk.enter(path);
        disk
    }

    fn enter(&mut self, path: &Path) -> usize {
        let at = self.nodes.len();
        if path.is_file() {
            let synced = std::fs::read(path).unwrap();
            self.nodes.push(Node::File { synced });
            return at;
        }
        self.nodes.push(Node::File { synced: Vec::new() });
        let mut live = BTreeMap::new();
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let inside = self.enter(&entry.path());
            live.insert(entry.file_name().into_string().unwrap(), inside);
        }
        self.nodes[at] = Node::Dir {
            synced: live.clone(),
            live,
        };
        at
    }

    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Create(path) => self.put(path, Node::File { synced: Vec::new() }),
            Step::Mkdir(path) => {
                let (live, synced) = (BTreeMap::new(), BTreeMap::new());
                self.put(path, Node::Dir { live, synced });
            }
            Step::Sync(path, bytes) => {
                let at = self.find(path);
                self.nodes[at] = Node::File {
                    synced: bytes.clone(),
                };
            }
            Step::SyncDir(path) => {
                let at = self.find(path);
                if let Node::Dir { live, synced } = &mut self.nodes[at] {
                    synced.clone_from(live);
                }
            }
            Step::Rename(from, to) => {
                let node = self.names(above(from)).remove(last(from)).unwrap();
                self.names(above(to)).insert(last(to).to_owned(), node);
            }
            Step::Link(from, to) => {
                let node = self.find(from);
                self.names(above(to)).insert(last(to).to_owned(), node);
            }
            Step::Remove(path) => {
                self.names(above(path)).remove(last(path));
            }
        }
    }

    /// Lays out what a power cut would leave now; a file of two names is one.
    pub fn write_to(&self, path: &Path, names: Names) {
        self.write(0, path, names, &mut BTreeMap::new());
    }

    fn write(&self, node: usize, path: &Path, names: Names, written: &mut BTreeMap<usize, PathBuf>) {
        let entries = match (&self.nodes[node], names) {
            (Node::File { synced }, _) => {
                if let Some(first) = written.get(&node) {
                    std::fs::hard_link(first, path).unwrap();
                    return;
                }
                written.insert(node, path.to_owned());
                std::fs::File::create(path).unwrap().write_all(synced).unwrap();
                return;
            }
            (Node::Dir { live, .. }, Names::All) => live,
            (Node::Dir { synced, .. }, Names::Synced) => synced,
        };
        std::fs::create_dir_all(path).unwrap();
        for (name, inside) in entries {
            self.write(*inside, &path.join(name), names, written);
        }
    }

    fn put(&mut self, path: &str, node: Node) {
        let at = self.nodes.len();
        self.nodes.push(node);
        self.names(above(path)).insert(last(path).to_owned(), at);
    }

    fn names(&mut self, path: &str) -> &mut BTreeMap<String, usize> {
        let at = self.find(path);
        match &mut self.nodes[at] {
            Node::Dir { live, .. } => live,
            Node::File { .. } => panic!("{path} is no directory"),
        }
    }

    fn find(&self, path: &str) -> usize {
        path.split('/')
            .filter(|name| !name.is_empty())
            .fold(0, |at, name| match &self.nodes[at] {
                Node::Dir { live, .. } => live[name],
                Node::File { .. } => panic!("{path} is no directory"),
            })
    }
}

fn last(rel: &str) -> &str {
    rel.rsplit('/').next().unwrap_or(rel)
}
