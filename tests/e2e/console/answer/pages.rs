//! Pages for people, which no program asked for.

use crate::console::State;
use crate::console::answer::token;
use crate::console::wire::Reply;

/// A reverse proxy's own page, on every path that leads to no console.
pub fn proxy() -> Reply {
    Reply {
        status: 200,
        kind: "text/html",
        headers: Vec::new(),
        body: "<!doctype html><html><title>Welcome</title></html>".to_owned(),
    }
}

/// The web application: what UniFi OS says on every path it does not know.
pub fn spa(state: &mut State) -> Reply {
    let anonymous = token(state, "anon");
    Reply {
        status: 200,
        kind: "text/html",
        headers: vec![(
            "Set-Cookie",
            format!("TOKEN={anonymous}; Path=/; HttpOnly; Secure; SameSite=Strict"),
        )],
        body: "<!doctype html><html><title>UniFi OS</title></html>".to_owned(),
    }
}

/// What a classic controller's web server says on a path it does not know.
pub fn tomcat() -> Reply {
    Reply {
        status: 404,
        kind: "text/html",
        headers: Vec::new(),
        body: "<!doctype html><html><head><title>HTTP Status 404 – Not Found</title></head></html>"
            .to_owned(),
    }
}
