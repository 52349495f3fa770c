//! The demo console's sockets: one listener on the loopback, one thread a connection, gone when dropped.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::collect::demo::http::{self, Received};
use crate::collect::demo::portal::{self, Portal};

/// More at once are turned away.
const MOST_CONNECTIONS: usize = 64;
/// A client that says nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stage: Arc<Stage>,
    listener: Option<JoinHandle<()>>,
}

/// What the listener, the connections and the one who stops them share.
#[derive(Debug)]
struct Stage {
    portal: Portal,
    tls: Option<Arc<ServerConfig>>,
    stopping: AtomicBool,
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Server {
    /// Listens on `port` of 127.0.0.1 (0: any free one) from the moment this returns.
    pub fn start(portal: Portal, tls: Option<Arc<ServerConfig>>, port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("opening port {port} of 127.0.0.1 for the demo console"))?;
        let address = listener
            .local_addr()
            .context("asking for the demo console's own port")?;
        let stage = Arc::new(Stage {
            portal,
            tls,
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let shared = Arc::clone(&stage);
        let thread = thread::Builder::new()
            .name("demo-console".to_owned())
            .spawn(move || listen(&listener, &shared))
            .context("starting the demo console's thread")?;
        Ok(Self {
            address,
            stage,
            listener: Some(thread),
        })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn portal(&self) -> &Portal {
        &self.stage.portal
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.listener.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stage.stopping.store(true, Ordering::SeqCst);
        // The listener waits in accept: one last visitor wakes it.
        if TcpStream::connect(self.address).is_ok()
            && let Some(thread) = self.listener.take()
        {
            drop(thread.join());
        }
    }
}

fn listen(listener: &TcpListener, stage: &Arc<Stage>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (number, visitor) in (0_u64..).zip(listener.incoming()) {
        if stage.stopping.load(Ordering::SeqCst) {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let Ok(stream) = visitor else { continue };
        if threads.len() >= MOST_CONNECTIONS {
            continue;
        }
        if let Ok(shared) = stream.try_clone() {
            open(stage).insert(number, shared);
        }
        let own = Arc::clone(stage);
        let spawned = thread::Builder::new()
            .name("demo-connection".to_owned())
            .spawn(move || {
                // A client that goes away in the middle is nobody's problem.
                drop(attend(&own, stream));
                open(&own).remove(&number);
            });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => drop(open(stage).remove(&number)),
        }
    }
    for stream in open(stage).values() {
        drop(stream.shutdown(Shutdown::Both));
    }
    for thread in threads {
        drop(thread.join());
    }
}

fn open(stage: &Stage) -> std::sync::MutexGuard<'_, BTreeMap<u64, TcpStream>> {
    stage.open.lock().unwrap_or_else(PoisonError::into_inner)
}

fn attend(stage: &Stage, stream: TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match &stage.tls {
        None => converse(stage, stream)?,
        Some(config) => {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(config))?, stream);
            converse(stage, &mut stream)?;
            stream.conn.send_close_notify();
            stream.flush()?;
        }
    }
    Ok(())
}

fn converse(stage: &Stage, mut stream: impl Read + Write) -> io::Result<()> {
    let now = stage.portal.now;
    let mut buffer = Vec::new();
    loop {
        match http::receive(&mut stream, &mut buffer)? {
            Received::Closed => return Ok(()),
            Received::Refused(answer) => return http::send(&mut stream, &answer, now, false, false),
            Received::Request(request) => {
                let answer = portal::answer(&stage.portal, &request);
                let keep_alive = request.keep_alive && !stage.stopping.load(Ordering::SeqCst);
                http::send(&mut stream, &answer, now, keep_alive, request.method == "HEAD")?;
                if !keep_alive {
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::collect::demo::client::{ALL, ask, connect, console, log};

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let words = prop::sample::select(vec![
            "POST ",
            "GET ",
            ALL,
            "/",
            " HTTP/1.1\r\n",
            "\r\n",
            "\r\n\r\n",
            "X-API-KEY: demo\r\n",
            "{\"pageNumber\":",
            "Content-Type: application/json\r\n",
            "18446744073709551615",
            "-1",
            "}",
            "Content-Length: 40\r\n",
            "{\"timestampFrom\":-9223372036854775808,\"timestampTo\":9223372036854775807}",
            "Cookie: TOKEN=;=;",
            "é",
        ]);
        let piece = prop_oneof![
            words.prop_map(|word| word.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..40)
        ];
        prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn an_idle_connection_does_not_hold_up_the_end() {
        let console = console(0);
        let mut idle = connect(&console);
        assert_eq!(ask(&mut idle, "GET", "/", &[], "").status, 200);
        let mut silent = connect(&console);
        drop(console);
        assert_eq!(idle.read(&mut [0]).unwrap_or(0), 0);
        assert_eq!(silent.read(&mut [0]).unwrap_or(0), 0);
    }

    #[test]
    fn whatever_is_sent_the_console_goes_on() {
        let console = console(0);
        proptest!(ProptestConfig::with_cases(200), |(bytes in hostile())| {
            let mut stream = connect(&console);
            drop(stream.write_all(&bytes));
            drop(stream.shutdown(Shutdown::Write));
            let mut reply = Vec::new();
            drop(stream.read_to_end(&mut reply));
            prop_assert!(reply.is_empty() || reply.starts_with(b"HTTP/1.1 "));
        });
        for body in [
            json!({ "pageNumber": usize::MAX, "pageSize": usize::MAX }),
            json!({ "pageSize": 0 }),
            json!({ "timestampFrom": i64::MIN, "timestampTo": i64::MAX }),
            json!({ "timestampFrom": i64::MAX, "timestampTo": i64::MIN }),
        ] {
            assert!(log(&mut connect(&console), &body)["total_element_count"].is_u64());
        }
    }
}
