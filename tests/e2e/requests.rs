//! How many questions a console is asked.

use chrono::TimeDelta;

use crate::console::Console;
use crate::console::row::series;
use crate::scenario::Scenario;

#[test]
fn a_quiet_site_is_asked_eight_questions_with_a_key_and_ten_with_a_password() {
    for (version, has_log, password) in [
        ("10.3.58", true, false),
        ("10.3.58", true, true),
        ("7.5.187", false, false),
        ("7.5.187", false, true),
    ] {
        let (scenario, console) = Scenario::with_console();
        let scenario = if password { scenario.password() } else { scenario };
        {
            let mut state = console.state();
            state.has_log = has_log;
            version.clone_into(&mut state.version);
        }
        console.add(series(
            0,
            5,
            console.now() - TimeDelta::hours(5),
            TimeDelta::minutes(9),
        ));
        let most = if password { 10 } else { 8 };
        let mut asked = Vec::new();
        for run in 1..=3 {
            let before = console.hits().len();
            scenario.run().exits(0);
            let requests = console.hits().len() - before;
            asked.push(requests);
            // The first run still has to find out what this console is and offers.
            assert!(
                run == 1 || requests <= most,
                "{version}: {requests} in run {run}: {:#?}",
                console.state().paths()
            );
            console.advance(TimeDelta::hours(1));
        }
        assert!(asked[0] <= most + 4, "{version}: {asked:?}");
        assert!(
            !has_log || asked[0] <= most + usize::from(password),
            "{version}: {asked:?}"
        );
    }
}

#[test]
fn a_remembered_family_that_changed_is_found_out_with_one_login() {
    let console = Console::start();
    let scenario = Scenario::new().controller(&console).password();
    scenario.run().exits(0);
    // The same network now runs on a controller of the other family, at the same address.
    console.state().classic = true;
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    assert_eq!(console.state().logins, 2);
    console.state().classic = false;
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    assert_eq!(console.state().logins, 3);
}
