//! Whole runs of the real binary against a fake console on real sockets. Nothing here knows the
//! program's insides: arguments, environment and requests in; exit codes, outputs and files out.
//!
//! Which promise is shown where:
//!
//! | promise | tests |
//! |---|---|
//! | 1 the same data is told once | `once::a_second_run_on…`, `once::runs_without_a_pause…`, `once::an_updated_row…` |
//! | 2 late rows, rows at the watermark, one millisecond across pages | `once::rows_around_the_watermark…`, `once::rows_of_one_millisecond…`, `once::more_rows_of_one_millisecond…`, `once::a_row_inside_the_settling_time…` |
//! | 3 seven days, or what was lost | `once::seven_days…`, `once::a_gap_older…` |
//! | 4 clocks and zones | `once::a_console_clock…` (2), `once::the_hour_that_happens_twice…`, `host_clock`, `zones` |
//! | 5 many rows, odd pages | `once::twenty_five_thousand…`, `odd_pages` |
//! | 6 one outage in several lists | `versions`, `older::one_outage…` |
//! | 7 the same threat in every shape | `versions`, `flows`; by the gateway's own log, `gateway` and the tests with real components |
//! | 8 an upgrade between two runs | `versions::a_console_that_is_upgraded…`, `older::after_an_upgrade…` |
//! | 9 a failing source or row costs only itself | `honest::a_source_that_fails…`, `honest::devices_that_do_not_answer…`, `honest::a_log_that_fails…`, `honest::bad_rows…`, `honest::rows_with_little…`, `hostile::deep_nesting…` |
//! | 10 empty is not all clear | `honest::an_empty_console…`, `honest::a_console_without_the_log…`, `honest::a_log_the_account_may_not_read…` |
//! | 11 a message and a code each, one login | `unreachable`, `exit_codes` |
//! | 12 devices as what they are | `honest::devices_are_visible…` |
//! | 13 what is severe is seen first | `readable::something_severe…` |
//! | 17 death anywhere | `delivery`; on the way to a webhook `webhook::a_death…`, `webhook::a_kill…` (2) |
//! | 18 one cause, one finding | `honest::one_cause…` |
//! | 19 a damaged state, a full disk | `limits`, `state_matrix`, `state_disk`, `state_bytes`, `state_copies`, `state_versions`, `state_corners`, `state`, `state_commands`, `state_mending`, `state_rebuild` |
//! | 20 two at once | `two_writers::the_second_of_two_runs…`, `two_writers::a_waiting_run…`, `two_writers::asking_for_the_status…` |
//! | 21 signals | `signals` |
//! | 22 lock or checkpoint replaced | `two_writers::a_lock_file_replaced…`, `two_writers::a_checkpoint_replaced…` |
//! | 23 no secret comes out | `safe::no_secret…`, `safe::refused_credentials…`, and every output and file of every test |
//! | 24 hostile names | `hostile` |
//! | 25 nothing but reads, to nobody else | `safe::nothing_but_allowed_reads…`, `safe::a_redirect…`, `safe::plain_http…` |
//! | 26 configuration | `gateway::every_mistake…`, `safe::a_misspelt_key…`, `safe::an_empty_variable…`, `safe::a_secret_can_come_from_a_file…`, `exit_codes::missing_configuration…`, `exit_codes::a_delivery_that_cannot_work…` |
//! | 27 the page and the text | `readable::every_finding…`, `readable::the_page_needs_nothing…` |
//! | 28 the same bytes | `safe::the_same_input…`, `readable::a_report_is_shown_byte_for_byte…` |
//! | 29 odd surroundings | `safe::closed_standard_streams…`, `safe::the_umask…`, `safe::another_user…`, `safe::root_in_the_directory…`, and every test clears the environment |
//!
//! What consoles were seen to do (facts: unifi-api.md appendix E): `observed`, `observed_rows`, and what they name.
//!
//! Versions of consoles and where they lie: `versions`, `addresses`, `older`, `requests`.
//!
//! Lines of a log server (issue 4): given to `--input`, `lines`; followed by runs, `file_source`.
//!
//! A channel with `sites` gets its part and nothing of the others (issue 4, point 8): what is in it and when it is due,
//! `parts`; what is owed, repeated, combined or given up, `parts_owed`.
//!
//! Two machines that read the same consoles (contract, section 5): `two_hosts`, `exports`.
//!
//! The other promises (mail) belong to parts that are not there yet.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test that cannot go on says so by panicking; the fakes and the helpers of the tests live outside of test functions; the program writes its extensions in lower case"
)]

mod archive;
mod capture;
mod child;
mod console;
mod firm;
mod other;
mod receiver;
mod scenario;

mod addresses;
mod aside;
mod deliver;
mod delivery;
mod demo;
mod echoes;
mod exit_codes;
mod exports;
mod fake_console;
mod file_source;
mod first_steps;
mod flows;
mod gateway;
mod history;
mod honest;
mod host_clock;
mod hostile;
mod input;
mod limits;
mod lines;
mod observed;
mod observed_rows;
mod odd_pages;
mod offered;
mod older;
mod once;
mod output;
mod parts;
mod parts_owed;
mod readable;
mod requests;
mod retry;
mod safe;
mod settings_named;
mod several;
mod signals;
mod standby;
mod state;
mod state_bytes;
mod state_commands;
mod state_copies;
mod state_corners;
mod state_disk;
mod state_matrix;
mod state_mending;
mod state_rebuild;
mod state_versions;
mod supplements;
mod two_hosts;
mod two_writers;
mod unreachable;
mod versions;
mod webhook;
mod webhook_patience;
mod webhook_tls;
mod zones;
