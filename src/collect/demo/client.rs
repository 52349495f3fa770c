//! A small HTTP client on a bare socket, for the tests of the demo console only.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::collect::demo::Console;

pub fn console(hours: u64) -> Console {
    Console::start(7, "2026-11-20T06:00:00Z".parse().unwrap(), hours).unwrap()
}

pub struct Reply {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(own, _)| *own == name))
            .map(|(_, v)| v)
    }
}

pub fn connect(console: &Console) -> TcpStream {
    TcpStream::connect(("127.0.0.1", console.base_url().port)).unwrap()
}

pub fn read_reply(stream: &mut TcpStream) -> Reply {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let reply = Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body: Vec::new(),
    };
    let mut body = vec![0; reply.header("Content-Length").unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    Reply { body, ..reply }
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut more = String::new();
    for (name, value) in headers {
        more.extend([name, ": ", value, "\r\n"]);
    }
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: demo\r\n{more}Content-Length: {length}\r\n\r\n{body}")
}

pub fn ask(stream: &mut TcpStream, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    stream
        .write_all(request(method, path, headers, body).as_bytes())
        .unwrap();
    read_reply(stream)
}

pub const JSON: (&str, &str) = ("Content-Type", "application/json");
pub const KEY: (&str, &str) = ("X-API-KEY", "demo");
pub const ALL: &str = "/proxy/network/v2/api/site/default/system-log/all";

pub fn log(stream: &mut TcpStream, body: &Value) -> Value {
    let reply = ask(stream, "POST", ALL, &[KEY, JSON], &body.to_string());
    assert_eq!(reply.status, 200);
    reply.json()
}
