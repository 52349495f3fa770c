//! What can go wrong with one answer, and when.

/// A fault waits for requests whose path ends like this, lets `skip` of them pass and spoils `times`.
#[derive(Clone, Debug)]
pub struct Fault {
    pub path: String,
    pub skip: usize,
    pub times: usize,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// This answer instead.
    Answer(Answer),
    /// The right answer, but the body ends in its middle and the connection with it.
    CutOff,
    /// Bytes that are not HTTP.
    Garbage,
    /// The connection is closed without an answer.
    Nothing,
    /// No answer, until the test ends it.
    Hang,
    /// The right answer, gzipped, with the header that says so or without.
    Gzip { told: bool },
    /// The right answer, as soon as the test says so.
    Hold,
    /// The right answer, one byte at a time, until the client has had enough.
    Drip,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: &'static str,
    pub body: String,
    pub headers: Vec<(&'static str, String)>,
}

impl Fault {
    /// Every request whose path ends like this, from now on.
    pub fn on(path: &str, what: What) -> Self {
        Self {
            path: path.to_owned(),
            skip: 0,
            times: usize::MAX,
            what,
        }
    }

    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Whether it strikes this request; counts it.
    pub fn strikes(&mut self, path: &str) -> bool {
        if !path.ends_with(&self.path) || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.saturating_sub(1);
        true
    }
}

impl What {
    pub fn json(status: u16, body: &str) -> Self {
        Self::Answer(Answer {
            status,
            kind: "application/json",
            body: body.to_owned(),
            headers: Vec::new(),
        })
    }

    pub fn html(status: u16, body: &str) -> Self {
        Self::Answer(Answer {
            status,
            kind: "text/html",
            body: body.to_owned(),
            headers: Vec::new(),
        })
    }

    /// What nginx says while the Network application is down.
    pub fn bad_gateway() -> Self {
        Self::json(502, r#"{"error":{"code":502,"message":"Bad Gateway"}}"#)
    }

    /// The page shown while the Network application starts.
    pub fn starting(status: u16) -> Self {
        Self::html(
            status,
            "<!doctype html><html><head><title>UniFi</title></head><body>Network is starting up</body></html>",
        )
    }

    pub fn not_found() -> Self {
        Self::json(
            404,
            r#"{"meta":{"rc":"error","msg":"api.err.NotFound"},"data":[]}"#,
        )
    }

    pub fn not_allowed() -> Self {
        Self::json(
            405,
            r#"{"errorCode":405,"message":"Request method not supported"}"#,
        )
    }

    pub fn forbidden() -> Self {
        Self::json(
            403,
            r#"{"meta":{"rc":"error","msg":"api.err.NoPermission"},"data":[]}"#,
        )
    }

    pub fn wrong_password() -> Self {
        Self::json(
            403,
            r#"{"code":"AUTHENTICATION_FAILED_INVALID_CREDENTIALS","message":"Invalid username or password","level":"debug"}"#,
        )
    }

    /// How consoles of 2021 said it.
    pub fn wrong_password_of_old() -> Self {
        Self::json(401, r#"{"errors":["Invalid username or password"]}"#)
    }

    pub fn second_factor() -> Self {
        Self::json(
            499,
            r#"{"code":"MFA_AUTH_REQUIRED","message":"MFA required","data":{"mfaCookie":"UBIC_2FA=m0re","authenticators":[]}}"#,
        )
    }

    pub fn login_limit() -> Self {
        Self::json(
            429,
            r#"{"code":"AUTHENTICATION_FAILED_LIMIT_REACHED","message":"You've reached the login attempt limit","level":"debug"}"#,
        )
    }

    pub fn redirect(to: &str) -> Self {
        Self::Answer(Answer {
            status: 302,
            kind: "text/html",
            body: String::new(),
            headers: vec![("Location", to.to_owned())],
        })
    }
}
