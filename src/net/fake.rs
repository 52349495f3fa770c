//! A scripted host on 127.0.0.1 for tests: real sockets, real TLS, no wish to please.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rcgen::{PublicKeyData as _, SigningKey as _};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

use crate::config::BaseUrl;

/// A host that answers by its script and remembers what it was asked.
pub struct Fake {
    pub base: BaseUrl,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

/// One request, as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What the script answers.
pub enum Reply {
    Say(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// The head of an answer, then a byte now and then, for ever.
    Drip,
    /// Nothing, for ever.
    Hang,
}

/// A certificate and its key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub key: rcgen::KeyPair,
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

impl Fake {
    pub fn plain(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(script))
    }

    pub fn tls(tls: ServerConfig, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(Some(Arc::new(tls)), Arc::new(script))
    }

    /// All it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// `POST /api/login` and so on, in the order of arrival.
    pub fn lines(&self) -> Vec<String> {
        self.asked()
            .iter()
            .map(|asked| format!("{} {}", asked.method, asked.path))
            .collect()
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    fn start(tls: Option<Arc<ServerConfig>>, script: Arc<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let base = BaseUrl {
            https: tls.is_some(),
            host: "127.0.0.1".to_owned(),
            port,
            path: String::new(),
        };
        let asked = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, count) = (Arc::clone(&asked), Arc::clone(&connections));
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::Relaxed);
                let (tls, script, seen) = (tls.clone(), Arc::clone(&script), Arc::clone(&seen));
                thread::spawn(move || match tls {
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).unwrap();
                        serve(StreamOwned::new(connection, socket), &*script, &seen)
                    }
                    None => serve(socket, &*script, &seen),
                });
            }
        });
        Self {
            base,
            asked,
            connections,
        }
    }
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(of, _)| of == name);
        named.map(|(_, value)| value.as_str())
    }
}

impl Reply {
    pub fn json(status: u16, body: &str) -> Self {
        Self::Say(
            status,
            vec![("Content-Type", "application/json".to_owned())],
            body.into(),
        )
    }

    pub fn html(status: u16, body: &str) -> Self {
        Self::Say(
            status,
            vec![("Content-Type", "text/html".to_owned())],
            body.into(),
        )
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Say(_, headers, _) = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

impl Identity {
    pub fn new(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        Self {
            certificate: made.cert.der().clone(),
            key: made.signing_key,
        }
    }

    /// No version field, no extensions: what `openssl req -x509` made for decades.
    pub fn version_1(key: &rcgen::KeyPair) -> CertificateDer<'static> {
        let der = |tag: u8, parts: &[&[u8]]| {
            let content = parts.concat();
            let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
            let length: &[u8] = match (high, low) {
                (0, 0..0x80) => &[low],
                (0, _) => &[0x81, low],
                _ => &[0x82, high, low],
            };
            [&[tag], length, &content].concat()
        };
        let ecdsa_sha256 = der(
            0x30,
            &[&[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]],
        );
        let nobody = der(0x30, &[]);
        let validity = der(
            0x30,
            &[&der(0x17, &[b"200101000000Z"]), &der(0x17, &[b"400101000000Z"])],
        );
        let spki = key.subject_public_key_info();
        let body = der(
            0x30,
            &[&[2, 1, 1], &ecdsa_sha256, &nobody, &validity, &nobody, &spki],
        );
        let signature = key.sign(&body).unwrap();
        der(0x30, &[&body, &ecdsa_sha256, &der(0x03, &[&[0], &signature])]).into()
    }

    /// Shows this certificate and signs with that key, whether they belong together or not.
    pub fn server(&self, key: &rcgen::KeyPair, version: &'static SupportedProtocolVersion) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signer = provider.key_provider.load_private_key(der).unwrap();
        let shown = CertifiedKey::new(vec![self.certificate.clone()], signer);
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)))
    }
}

fn serve<S: Read + Write>(stream: S, script: &Script, seen: &Mutex<Vec<Asked>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let asked = read_request(&mut stream)?;
        seen.lock().unwrap().push(asked.clone());
        let out = stream.get_mut();
        match script(&asked) {
            Reply::Say(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    head = format!("{head}{name}: {value}\r\n");
                }
                out.write_all(format!("{head}\r\n").as_bytes()).ok()?;
                out.write_all(&body).ok()?;
                out.flush().ok()?;
            }
            Reply::Raw(bytes) => {
                out.write_all(&bytes).ok()?;
                return out.flush().ok();
            }
            Reply::Drip => {
                out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                    .ok()?;
                let (_never, drop_by_drop) = mpsc::channel::<()>();
                while drop_by_drop.recv_timeout(Duration::from_millis(5)).is_err() {
                    out.write_all(b" ").ok()?;
                    out.flush().ok()?;
                }
            }
            Reply::Hang => {
                // Until the other side has had enough.
                let mut rest = Vec::new();
                return stream.read_to_end(&mut rest).ok().map(drop);
            }
        }
    }
}

fn read_request<S: Read>(stream: &mut BufReader<S>) -> Option<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Asked {
        method,
        path,
        headers,
        body,
    })
}
