//! One connection to one host: a request, an answer. Every status is an answer, a redirect too; none is followed.

use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::{HeaderName, HeaderValue, Uri};

use crate::config::{BaseUrl, Trust};
use crate::model::failure::{Failure, FailureKind};
use crate::net::answer::Answer;
use crate::net::connector::{self, Tls};
use crate::net::exchange::{Trouble, exchange};
use crate::net::stop::{Helper, Stop};
use crate::net::tls;
use crate::net::trouble::{self, Peer, Unanswered};

/// Speaks to one host and keeps one connection alive between requests.
pub struct Client {
    base: BaseUrl,
    peer: Peer,
    agent: Agent,
    helper: Helper,
    tls: Option<Tls>,
    connect_timeout: Duration,
    request_timeout: Duration,
}

/// Reading and asking; nothing else is ever sent to a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// What is sent. No `Debug`: headers and bodies carry secrets.
pub struct Request<'a> {
    pub method: Method,
    /// Below the base address, beginning with a slash.
    pub path: &'a str,
    pub headers: &'a [(String, String)],
    pub body: Option<&'a [u8]>,
    /// The longest body that is read, after decompression; with 0 the status alone is read.
    pub limit: u64,
}

impl Client {
    /// Connects to nobody yet.
    pub fn new(
        base: &BaseUrl,
        trust: &Trust,
        connect_timeout: Duration,
        request_timeout: Duration,
    ) -> Result<Self, Failure> {
        let tls = if base.https {
            Some(Tls {
                config: tls::client_config(trust, &base.host)?,
                name: tls::server_name(&base.host)?,
            })
        } else {
            None
        };
        Ok(Self {
            base: base.clone(),
            peer: Peer::Console,
            agent: connector::agent(settings(connect_timeout, request_timeout), tls.clone()),
            helper: Helper::default(),
            tls,
            connect_timeout,
            request_timeout,
        })
    }

    /// The host is a channel's receiver and not a console: paths are secrets, settings have other names.
    pub fn at_receiver(self) -> Self {
        Self {
            peer: Peer::Receiver,
            ..self
        }
    }

    /// What may be shown of a path.
    fn shown<'a>(&self, path: &'a str) -> &'a str {
        match self.peer {
            Peer::Console => path,
            Peer::Receiver => "/…",
        }
    }

    /// Sends a request and waits for its answer, its deadline, or the reason to stop. That is told each time: a
    /// logout has its own two seconds, even after a signal.
    pub fn send(&mut self, request: &Request, stop: &Stop) -> Result<Answer, Unanswered> {
        let parts = self.parts(request)?;
        let (agent, limit) = (self.agent.clone(), request.limit);
        let began = Instant::now();
        let outcome = match self.helper.does(stop, move || exchange(&agent, parts, limit)) {
            Ok(outcome) => outcome,
            Err(reason) => {
                // Closes the sockets, so that the thread left behind ends, and begins anew.
                self.agent.clone().shutdown();
                let settings = settings(self.connect_timeout, self.request_timeout);
                self.agent = connector::agent(settings, self.tls.clone());
                return Err(trouble::given_up(&self.base, reason));
            }
        };
        let method = request.method;
        let path = self.shown(request.path);
        match outcome {
            Ok(mut answer) => {
                answer.took = began.elapsed();
                let (status, bytes, ms) = (answer.status, answer.body.len(), answer.took.as_millis());
                log::debug!("request method={method:?} path={path} status={status} bytes={bytes} ms={ms}");
                Ok(answer)
            }
            Err(trouble) => {
                let unanswered = match trouble {
                    Trouble::NoAnswer(error) => {
                        trouble::unanswered(&self.base, self.peer, self.request_timeout, error)
                    }
                    Trouble::BrokeOff(after, error) => {
                        trouble::broke_off(&self.base, self.peer, after, self.request_timeout, error)
                    }
                    Trouble::TooLarge => trouble::too_large(&self.base, limit),
                };
                log::debug!("request method={method:?} path={path} unanswered={unanswered}");
                Err(unanswered)
            }
        }
    }

    fn parts(&self, request: &Request) -> Result<ureq::http::Request<Option<Vec<u8>>>, Failure> {
        let wrong = |what: &str| {
            Failure::new(
                FailureKind::Config,
                format!(
                    "{} cannot be asked for {}: {what}",
                    self.base,
                    self.shown(request.path)
                ),
            )
        };
        let uri = Uri::try_from(url(&self.base, request.path)).map_err(|_| wrong("not a valid address"))?;
        let mut parts = ureq::http::Request::new(request.body.map(<[u8]>::to_vec));
        *parts.uri_mut() = uri;
        *parts.method_mut() = match request.method {
            Method::Get => ureq::http::Method::GET,
            Method::Post => ureq::http::Method::POST,
        };
        for (name, value) in request.headers {
            let name = HeaderName::try_from(name).map_err(|_| wrong("a header has an impossible name"))?;
            // The value may be a secret and stays out of the message.
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| wrong(&format!("the value for {name} has characters no header may have")))?;
            value.set_sensitive(true);
            parts.headers_mut().append(name, value);
        }
        Ok(parts)
    }
}

fn settings(connect_timeout: Duration, request_timeout: Duration) -> ureq::config::Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("unifi-scan/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(connect_timeout))
        .timeout_connect(Some(connect_timeout))
        .timeout_global(Some(request_timeout))
        .build()
}

fn url(base: &BaseUrl, path: &str) -> String {
    let scheme = if base.https { "https" } else { "http" };
    let (host, port, below) = (&base.host, base.port, &base.path);
    if host.contains(':') && !host.starts_with('[') {
        format!("{scheme}://[{host}]:{port}{below}{path}")
    } else {
        format!("{scheme}://{host}:{port}{below}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::fake::{Fake, Reply};

    const PATIENT: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(500);

    fn client(base: &BaseUrl, request_timeout: Duration) -> Client {
        Client::new(base, &Trust::Public, PATIENT, request_timeout).unwrap()
    }

    fn get(client: &mut Client, limit: u64) -> Result<Answer, Unanswered> {
        get_within(client, limit, PATIENT)
    }

    fn get_within(client: &mut Client, limit: u64, run: Duration) -> Result<Answer, Unanswered> {
        let headers = [("x-api-key".to_owned(), "k".to_owned())];
        let request = Request {
            method: Method::Get,
            path: "/x",
            headers: &headers,
            body: None,
            limit,
        };
        client.send(&request, &Stop::new(Instant::now() + run))
    }

    #[test]
    fn a_redirect_is_an_answer_and_the_key_goes_nowhere_else() {
        let other = Fake::plain(|_| Reply::json(200, "{}"));
        let target = other.base.to_string();
        let fake = Fake::plain(move |_| Reply::json(302, "").with("Location", &target));
        let answer = get(&mut client(&fake.base, PATIENT), 1000).unwrap();
        assert_eq!(
            (answer.status, answer.header("location")),
            (302, Some(other.base.to_string().as_str()))
        );
        assert_eq!((fake.lines().len(), other.lines().len()), (1, 0));
    }

    #[test]
    fn every_status_is_an_answer_with_its_body_and_the_hosts_clock() {
        for status in [200, 401, 404, 429, 499, 502] {
            let fake = Fake::plain(move |_| {
                Reply::json(status, "{\"a\":1}").with("dAtE", "Sat, 24 Jul 2021 16:40:24 GMT")
            });
            let answer = get(&mut client(&fake.base, PATIENT), 1000).unwrap();
            assert_eq!(
                (answer.status, answer.body.as_slice()),
                (status, b"{\"a\":1}".as_slice())
            );
            assert_eq!(answer.date.unwrap().to_rfc3339(), "2021-07-24T16:40:24+00:00");
        }
    }

    #[test]
    fn an_answer_that_drips_is_cut_at_its_deadline() {
        let fake = Fake::plain(|_| Reply::Drip);
        let cut = get(&mut client(&fake.base, SHORT), 1_000_000).unwrap_err();
        assert_eq!(
            (cut.failure.kind, cut.again, cut.reached),
            (FailureKind::Unavailable, true, true)
        );
        assert!(cut.failure.message.contains("500 ms"), "{cut}");
    }

    #[test]
    fn the_end_of_the_run_ends_the_wait_and_the_client_can_still_say_goodbye() {
        let fake = Fake::plain(|asked| {
            if asked.path == "/x" {
                Reply::Hang
            } else {
                Reply::json(200, "{}")
            }
        });
        let mut client = client(&fake.base, PATIENT);
        assert_eq!(
            get_within(&mut client, 1000, SHORT).unwrap_err().failure.kind,
            FailureKind::Timeout
        );
        let goodbye = Request {
            method: Method::Post,
            path: "/bye",
            headers: &[],
            body: Some(b""),
            limit: 1000,
        };
        let stop = Stop::new(Instant::now() + PATIENT);
        assert_eq!(client.send(&goodbye, &stop).unwrap().status, 200);
    }

    #[test]
    fn a_body_that_breaks_off_is_told_from_one_that_is_whole() {
        let fake = Fake::plain(|_| Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_vec()));
        let cut = get(&mut client(&fake.base, PATIENT), 1000).unwrap_err();
        assert_eq!((cut.failure.kind, cut.again), (FailureKind::Unavailable, true));
        assert!(cut.failure.message.contains("broke off after 3 bytes"), "{cut}");
    }

    #[test]
    fn nobody_there_and_no_http_have_different_words() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let fake = Fake::plain(|_| Reply::Raw(b"SSH-2.0-x\r\n\r\n".to_vec()));
        let refused = get(
            &mut client(
                &BaseUrl {
                    port: nobody,
                    ..fake.base.clone()
                },
                PATIENT,
            ),
            9,
        );
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.failure.kind, refused.reached),
            (FailureKind::Unavailable, false)
        );
        assert!(
            refused.failure.message.contains("refuses the connection"),
            "{refused}"
        );
        let garbage = get(&mut client(&fake.base, PATIENT), 9).unwrap_err();
        assert_eq!(
            (garbage.failure.kind, garbage.again),
            (FailureKind::Protocol, false),
            "{garbage}"
        );
        let https = BaseUrl {
            https: true,
            ..fake.base.clone()
        };
        let no_tls = get(&mut client(&https, PATIENT), 9).unwrap_err();
        assert!(!no_tls.reached && fake.lines().len() == 1, "{no_tls}");
    }

    #[test]
    fn one_connection_serves_several_requests() {
        let fake = Fake::plain(|_| Reply::json(200, "{}"));
        let mut client = client(&fake.base, PATIENT);
        for _ in 0..3 {
            get(&mut client, 1000).unwrap();
        }
        assert_eq!((fake.lines().len(), fake.connections()), (3, 1));
    }
}
