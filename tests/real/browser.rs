//! The demo's report in a real browser: on a desk, on a phone, bare of style and script, and printed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{UNIFI_SCAN, answers, outside, published, said};

const BROWSERS: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

/// Shows a page in a frame of a given width and writes down how wide it came out and what can be read in it.
const FRAME: &str = r#"<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe id="page" style="width:WIDTHpx;height:900px;border:0"></iframe><pre id="seen"></pre><script>
const frame = document.getElementById("page");
frame.onload = () => {
  const page = frame.contentDocument, root = page.documentElement;
  const outside = [...page.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > root.clientWidth + 1);
  const seen = { width: root.clientWidth, needs: Math.max(root.scrollWidth, page.body.scrollWidth),
    outside: outside.map(e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 60)), text: page.body.innerText };
  document.getElementById("seen").textContent = JSON.stringify(seen)
    .replace(/[<>&\u0080-\uffff]/g, c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
};
frame.src = "PAGE";
</script>"#;

/// A demo run's published report.
struct Shown {
    directory: tempfile::TempDir,
    html: PathBuf,
    titles: Vec<String>,
}

/// The browser and one demo run, or a line that says what was not run.
fn shown(what: &str) -> Option<(&'static str, Shown)> {
    let Some(browser) = BROWSERS.iter().find(|name| answers(name, "--version")) else {
        println!("not run: {what} (no Chromium)");
        return None;
    };
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(UNIFI_SCAN)
        .env_clear()
        .args(["run", "--demo", "--json", "--reports-dir"])
        .arg(directory.path().join("reports"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let json = published(&directory.path().join("reports")).expect("a published report");
    let report: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let findings = report.get("findings").and_then(Value::as_array).unwrap();
    let titles: Vec<String> = findings
        .iter()
        .map(|finding| finding.get("title").and_then(Value::as_str).unwrap().to_owned())
        .collect();
    assert!(titles.len() > 5, "the demo has findings: {titles:?}");
    let html = json.with_extension("html");
    Some((
        browser,
        Shown {
            directory,
            html,
            titles,
        },
    ))
}

impl Shown {
    /// The browser without a window, ended if it hangs.
    fn browse(&self, browser: &str, arguments: &[&str], page: &Path) -> String {
        let output = outside("timeout", self.directory.path())
            .args(["-k", "5", "180", browser])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--hide-scrollbars",
                "--allow-file-access-from-files",
                "--no-first-run",
            ])
            .arg(format!(
                "--user-data-dir={}",
                self.directory.path().join("browser").display()
            ))
            .args(arguments)
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a page is like in a frame of this width.
    fn at(&self, browser: &str, page: &Path, width: u32) -> Value {
        let frame = FRAME
            .replace("WIDTH", &width.to_string())
            .replace("PAGE", &format!("file://{}", page.display()));
        let outer = self.put(&format!("frame-{width}.html"), &frame);
        let dump = self.browse(browser, &["--window-size=1200,1000", "--dump-dom"], &outer);
        let seen = dump
            .split_once("<pre id=\"seen\">")
            .and_then(|(_, rest)| rest.split_once("</pre>"));
        serde_json::from_str(seen.unwrap_or_default().0).expect(&dump)
    }

    /// The text of a page as printed, scripts off.
    fn printed(&self, browser: &str, html: &str) -> String {
        let scripts_off = r#"<head><meta http-equiv="Content-Security-Policy" content="script-src 'none'">"#;
        let page = self.put("to-print.html", &html.replacen("<head>", scripts_off, 1));
        let paper = self.directory.path().join("paper.pdf");
        let to = format!("--print-to-pdf={}", paper.display());
        self.browse(browser, &["--no-pdf-header-footer", &to], &page);
        let output = outside("pdftotext", self.directory.path())
            .arg(&paper)
            .arg("-")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        std::fs::remove_file(&paper).unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
        path
    }

    fn tells_every_finding(&self, text: &str, how: &str) {
        let squeezed = squeezed(text);
        for title in &self.titles {
            assert!(
                squeezed.contains(&self::squeezed(title)),
                "{how}: no “{title}” in\n{text}"
            );
        }
    }
}

/// Lines break where they like, and printing joins letters.
fn squeezed(text: &str) -> String {
    text.split_whitespace()
        .collect::<String>()
        .replace('ﬁ', "fi")
        .replace('ﬂ', "fl")
        .replace('ﬀ', "ff")
        .replace('\u{ad}', "")
}

/// The page without what makes it look good.
fn bare(html: &str) -> String {
    let mut rest = html;
    let mut bare = String::new();
    while let Some((before, style)) = rest.split_once("<style") {
        bare.push_str(before);
        rest = style.split_once("</style>").unwrap().1;
    }
    bare.push_str(rest);
    bare.replace(" style=\"", " data-style=\"")
        .replace(" class=\"", " data-class=\"")
}

#[test]
fn a_report_fits_a_desk_and_a_phone_and_shows_every_finding() {
    let Some((browser, shown)) = shown("the report on a desk and on a phone") else {
        return;
    };
    for width in [1000, 390] {
        let seen = shown.at(browser, &shown.html, width);
        assert_eq!(seen["width"], width, "{seen}");
        assert!(
            seen["needs"].as_u64().unwrap() <= u64::from(width),
            "wider than {width} px: {:#}",
            seen["outside"]
        );
        shown.tells_every_finding(seen["text"].as_str().unwrap(), &format!("at {width} px"));
        let archive = shown.at(browser, &shown.directory.path().join("reports/index.html"), width);
        assert!(
            archive["needs"].as_u64().unwrap() <= u64::from(width),
            "the archive is wider than {width} px: {:#}",
            archive["outside"]
        );
    }
}

#[test]
fn a_report_can_be_read_without_style_and_script_and_on_paper() {
    let Some((browser, shown)) = shown("the report on paper and without style and script") else {
        return;
    };
    if !answers("pdftotext", "-v") {
        println!("not run: the report on paper and without style and script (no pdftotext)");
        return;
    }
    let html = std::fs::read_to_string(&shown.html).unwrap();
    shown.tells_every_finding(&shown.printed(browser, &html), "printed");
    let bare = bare(&html);
    assert!(html.contains("<style") && !bare.contains("<style"));
    shown.tells_every_finding(&shown.printed(browser, &bare), "without style and script");
}
