//! The TOML file: what it may say, what is over it, and how its mistakes are told.

use super::*;
use crate::model::zone::Zone;

#[test]
fn a_higher_place_wins_over_a_lower_one() {
    let text = format!(
        "reports_dir = \"/from/file\"\ntimezone = \"Europe/Berlin\"\n[exit]\nzero_on = [\"locked\"]\n\
         [[controller]]\nname = \"home\"\nhost = \"192.0.2.1\"\napi_key = \"low\"\ntrust = {{ pin = \"{PIN}\" }}"
    );
    let low = with_file(&[], Some(&text), &Wish::default()).expect("valid");
    assert_eq!(
        (low.reports_dir.as_path(), low.timezone),
        (Path::new("/from/file"), Zone::named("Europe/Berlin"))
    );
    assert_eq!(low.exit_zero_on, [Tolerated::Locked]);
    let set = [
        ("REPORTS_DIR", "/from/env"),
        ("UNIFI_TIMEZONE", "UTC"),
        ("UNIFI_HOST", "192.0.2.2:8443"),
    ];
    let wish = Wish {
        exit_zero_on: vec!["recovered,partial".to_owned()],
        ..Wish::default()
    };
    let high = with_file(&set, Some(&text), &wish).expect("valid");
    assert_eq!(
        (high.reports_dir.as_path(), high.timezone),
        (Path::new("/from/env"), Zone::named("UTC"))
    );
    assert_eq!(high.exit_zero_on, [Tolerated::Partial, Tolerated::Recovered]);
    assert_eq!(high.controllers[0].base.to_string(), "https://192.0.2.2:8443");
    assert_eq!(high.controllers[0].name, "home");
    assert!(
        matches!(high.controllers[0].trust, Trust::Pin(_)),
        "what the environment leaves out stays the file's"
    );
    let wish = Wish {
        reports_dir: Some(PathBuf::from("/from/line")),
        ..Wish::default()
    };
    assert_eq!(
        with_file(&set, Some(&text), &wish).expect("valid").reports_dir,
        Path::new("/from/line")
    );
}

#[test]
fn a_channel_that_cannot_be_served_is_refused_and_not_ignored() {
    refused(
        enough(&[("UNIFI_PING_URL", "x"), ("UNIFI_EMAIL_FROM", "y")]),
        &["UNIFI_EMAIL_FROM, UNIFI_PING_URL"],
    );
    assert!(enough(&[("UNIFI_EMAIL_ENABLED", "false"), ("UNIFI_SMTP_HOST", "mail")]).is_ok());
    refused(
        file("[[channel]]\nkind = \"email\"\nrecipients = []"),
        &["nothing would be sent to `email`", "line 2"],
    );
    refused(
        file("[[channel]]\nkind = \"file\"\nwhen = \"severe\""),
        &["every report is written"],
    );
}

#[test]
fn a_typo_in_the_file_is_an_error_with_its_line_and_the_nearest_key() {
    refused(
        file("\n[[controller]]\nhots = \"x\""),
        &["unifi.toml line 3: unknown key `controller.hots`; did you mean `host`?"],
    );
    refused(
        file("[archve]\nevents = true"),
        &["line 1: unknown key `archve`; did you mean `archive`?"],
    );
    refused(
        file("[exit]\nzero_on = [\"lokced\"]"),
        &["did you mean `locked`?"],
    );
    refused(
        file("[sources]\nrequired = [\"system-logs\"]"),
        &["did you mean `system-log`?"],
    );
    refused(
        file("flux = 1"),
        &["unknown key `flux`; here are known: reports_dir"],
    );
    refused(
        file("[controller]\nname = \"x\""),
        &["write `[[controller]]`, with two brackets"],
    );
    refused(
        file("[archive]\nevents = \"yes\""),
        &["archive.events (unifi.toml line 2): write true or false"],
    );
}

#[test]
fn a_file_that_is_no_toml_is_told_by_line_without_showing_it() {
    let problems = file("[[controller]]\napi_key = \"hunter2\nname = \"x\"").expect_err("refused");
    assert!(
        problems
            .iter()
            .all(|problem| problem.starts_with("unifi.toml line ")),
        "{problems:#?}"
    );
    assert!(!problems.join("").contains("hunter2"), "{problems:#?}");
}

#[test]
fn several_controllers_are_told_apart() {
    let entry = |name: &str, host: &str| {
        format!("[[controller]]\nname = \"{name}\"\nhost = \"{host}\"\napi_key = \"k\"\n")
    };
    let two = entry("home", "192.0.2.1") + &entry("shop", "192.0.2.2") + "sites = [\"default\", \"back\"]";
    let config = file(&two).expect("valid");
    assert_eq!(
        config.controllers[1].sites,
        Sites::Named(vec!["default".to_owned(), "back".to_owned()])
    );
    refused(
        file(&(entry("home", "192.0.2.1") + &entry("home", "192.0.2.2"))),
        &["called `home` already"],
    );
    refused(
        file(&(entry("home", "192.0.2.1") + &entry("shop", "192.0.2.1"))),
        &["the same address"],
    );
    refused(file(&entry("ho/me", "192.0.2.1")), &["none of them `/`"]);
    let set = [("REPORTS_DIR", "/srv/r"), ("UNIFI_HOST", "192.0.2.9")];
    refused(
        with_file(&set, Some(&two), &Wish::default()),
        &["names 2 controllers", "UNIFI_HOST"],
    );
    let required = |name: &str| {
        file(&format!(
            "[sources]\nrequired = [\"{name}/default/system-log\"]\n{two}"
        ))
    };
    assert!(required("home").is_ok());
    refused(required("hmoe"), &["did you mean `home`?"]);
}

#[test]
fn a_reading_command_needs_only_the_directory() {
    let find = |pairs: &[(&str, &str)], text: &str| {
        let document = Document {
            path: PathBuf::from("/etc/u.toml"),
            text: text.to_owned(),
            world_readable: false,
        };
        directory(
            &environment(pairs),
            Some(&document),
            &Wish::default(),
            Remarks::default(),
        )
    };
    assert_eq!(
        find(&[], "reports_dir = \"/a\"\nnonsense = 1"),
        Ok(PathBuf::from("/a"))
    );
    assert_eq!(
        find(&[("REPORTS_DIR", "/b")], "= broken"),
        Ok(PathBuf::from("/b"))
    );
    assert!(find(&[], "= broken").is_err_and(|errors| errors.to_string().starts_with("u.toml line 1")));
}

#[test]
fn the_example_is_valid_with_and_without_its_optional_lines() {
    let example = include_str!("../../../deploy/config.example.toml");
    // `#key = …` is a setting somebody may switch on, `# text` is prose.
    let uncommented: String = example
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['))
                .unwrap_or(line)
        })
        .map(|line| line.to_owned() + "\n")
        .collect();
    for text in [example, &uncommented] {
        let document = Document {
            path: PathBuf::from("config.toml"),
            text: text.to_owned(),
            world_readable: false,
        };
        let mut remarks = Remarks::default();
        let parsed = schema::parse(&document, false, &mut remarks).expect("TOML");
        assert_eq!(
            remarks
                .problems
                .iter()
                .filter(|it| !it.contains("both set"))
                .collect::<Vec<_>>(),
            [""; 0]
        );
        assert!(!parsed.controllers.is_empty());
    }
    assert_ne!(example, uncommented);
}

#[test]
fn a_webhook_is_made_of_the_file_with_the_environment_over_it() {
    let url = ("UNIFI_WEBHOOK_URL", "https://hooks.example.com/T0K3N?k=T0K3N");
    let config = enough(&[url, ("UNIFI_WEBHOOK_SECRET", "T0K3N")]).expect("valid");
    let channel = &config.channels[1];
    assert_eq!(
        (channel.name.as_str(), channel.required, channel.when),
        ("webhook", true, When::Always)
    );
    let ChannelKind::Webhook(hook) = &channel.kind else {
        panic!("{channel:?}")
    };
    assert_eq!(
        (hook.base.to_string().as_str(), hook.timeout.as_secs()),
        ("https://hooks.example.com", 30)
    );
    assert_eq!(hook.give_up_after.as_secs(), 7 * 86_400);
    assert_eq!(hook.target.expose(), "/T0K3N?k=T0K3N");
    assert!(!format!("{config:?}{}", show::redacted(&config)).contains("T0K3N"));

    let controller = "[[controller]]\nname = \"home\"\nhost = \"192.0.2.1\"\napi_key = \"k\"\n";
    let entry = "[[channel]]\nkind = \"webhook\"\n";
    let over = |channel: &str| {
        with_file(
            &[("REPORTS_DIR", "/srv/r"), url],
            Some(&format!("{controller}{channel}")),
            &Wish::default(),
        )
    };
    let named = over(&format!(
        "{entry}name = \"ops\"\nurl = \"https://192.0.2.7/\"\nrequired = false\nwhen = \"severe\""
    ))
    .expect("valid");
    let channel = &named.channels[1];
    assert_eq!(
        (channel.name.as_str(), channel.required, channel.when),
        ("ops", false, When::Severe)
    );
    assert!(matches!(&channel.kind, ChannelKind::Webhook(hook) if hook.base.host == "hooks.example.com"));

    refused(over(&entry.repeat(2)), &["names several webhooks"]);
    refused(
        over(&format!("{entry}name = \"file\"")),
        &["two channels are called `file`"],
    );
    refused(
        over(&format!("{entry}give_up_after = \"never\"")),
        &["give_up_after"],
    );
    refused(over(&format!("{entry}ulr = \"x\"")), &["did you mean `url`?"]);
    refused(file(&format!("{controller}{entry}")), &["add url_file ="]);
    refused(
        enough(&[("UNIFI_WEBHOOK_SECRET", "T0K3N")]),
        &["no webhook it could sign for"],
    );
    refused(
        enough(&[("UNIFI_WEBHOOK_URL", "T0K3N")]),
        &["UNIFI_WEBHOOK_URL: this is no URL"],
    );
    warned(
        &enough(&[("UNIFI_WEBHOOK_URL", "http://192.0.2.7/T0K3N")]).expect("valid"),
        &["in clear"],
    );
    let demo = Wish {
        demo: true,
        ..Wish::default()
    };
    assert_eq!(with_file(&[url], None, &demo).expect("valid").channels.len(), 1);
}

#[test]
fn the_sites_of_a_channel_are_judged_as_far_as_they_are_known_before_any_console_is_asked() {
    let controller = "[[controller]]\nname = \"home\"\nhost = \"192.0.2.1\"\napi_key = \"k\"\n";
    let followed = "[[file_source]]\npath = \"/var/log/gw.log\"\n";
    let over = |rest: &str, words: &str| {
        let hook = "[[channel]]\nkind = \"webhook\"\nurl = \"https://192.0.2.7/\"\n";
        file(&format!("{rest}{hook}sites = [{words}]"))
    };
    let config = over(controller, "\" default \", \"home/shop\", \"Front office\"").expect("valid");
    assert_eq!(config.channels[1].sites, ["default", "home/shop", "Front office"]);
    refused(
        over(controller, "\"hone/default\", \"files/syslog\", \"home/\""),
        &[
            "did you mean `home`?",
            "`files/syslog` begins with",
            "names no site",
        ],
    );
    let both = format!("{controller}{followed}");
    over(&both, "\"files/syslog\", \"anything\"").expect("valid");
    refused(over(&both, "\"files/sislog\""), &["no [[file_source]]"]);
    over(followed, "\"syslog\"").expect("valid");
    refused(over(followed, "\"default\""), &["no [[file_source]]"]);
    refused(over(followed, "\"home/default\""), &["no controller"]);
    refused(
        file(&format!(
            "{controller}[[channel]]\nkind = \"file\"\nsites = [\"default\"]"
        )),
        &["every report is written"],
    );
}
