//! What fetching alone costs: curl, over one connection, to `/dev/null`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::console::{API_KEY, Console};
use crate::cost::time_of_children;

/// Rows a page.
const PAGE: u64 = 100;

/// The pages of a console's whole log, as curl is told to fetch them.
pub struct Pages {
    wishes: tempfile::NamedTempFile,
    count: u64,
}

impl Pages {
    pub fn of(console: &Console, rows: u64) -> Self {
        let count = rows.div_ceil(PAGE);
        let url = format!(
            "{}/proxy/network/v2/api/site/default/system-log/all",
            console.url()
        );
        let mut text = String::new();
        for page in 0..count {
            let next = if page == 0 { "" } else { "next\n" };
            let body = format!(r#"{{\"pageNumber\":{page},\"pageSize\":{PAGE}}}"#);
            writeln!(
                text,
                "{next}url = \"{url}\"\ninsecure\nsilent\nshow-error\nfail\noutput = \"/dev/null\"\nheader = \"X-API-KEY: {API_KEY}\"\n\
                 header = \"Content-Type: application/json\"\ndata = \"{body}\"\n\
                 write-out = \"%{{num_connects}} %{{size_download}}\\n\""
            )
            .unwrap();
        }
        let mut wishes = tempfile::NamedTempFile::new().unwrap();
        wishes.write_all(text.as_bytes()).unwrap();
        Self { wishes, count }
    }

    /// Fetches each page once; the time it took curl, or nothing without curl.
    pub fn fetch(&self) -> Option<Duration> {
        let before = time_of_children();
        let child = Command::new("curl")
            .arg("--disable")
            .arg("--config")
            .arg(self.wishes.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let output = child.wait_with_output().unwrap();
        let took = time_of_children().saturating_sub(before);
        assert!(output.status.success(), "curl did not get the pages");
        let told = String::from_utf8(output.stdout).unwrap();
        let each = told.lines().map(|line| line.split_once(' ').unwrap());
        let (connects, sizes): (Vec<u64>, Vec<u64>) = each
            .map(|(connects, size)| (connects.parse::<u64>().unwrap(), size.parse::<u64>().unwrap()))
            .unzip();
        assert_eq!(
            sizes.iter().filter(|size| **size > 100 * PAGE).count() as u64,
            self.count
        );
        assert_eq!(connects.iter().sum::<u64>(), 1, "more than one connection");
        Some(took)
    }
}
