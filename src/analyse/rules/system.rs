//! Rules about software, storage, licences and belonging to the console.

use crate::analyse::rules::{About, Kind, Rule};
use crate::model::finding::Category::System;
use crate::model::finding::Severity::{Info, Low, Medium, Severe};

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    Rule::new("config-rejected", System, Severe)
        .title("{name} refused its settings", "{name} refused its settings {times}")
        .because("What you see in the console is not what the device does: it could not apply the newest settings.")
        .advise(&["Undo the last change to this device, and apply it again step by step.", "Update the firmware of the device and of the console."]),
    Rule::new("firmware-available", System, Low).rolled_up().steps(&[(1, Low)])
        .title("A software update is available for {names}", "Software updates are available for {names}")
        .because("Updates repair faults and close security holes.")
        .advise(&["Install them at a quiet time: each device restarts once.", "Update the gateway first, then switches, then access points."]),
    Rule::new("firmware-failed", System, Severe).steps(&[(1, Medium), (3, Severe)])
        .title("The software update of {name} failed", "The software update of {name} failed {times}")
        .because("The update could not be downloaded, checked or installed. The device goes on with its old software.")
        .advise(&["Start the update again at a quiet time.", "Check that the device reaches the internet and that nothing (a filter, a proxy) blocks Ubiquiti's servers."]),
    Rule::new("device-eol", System, Low).kind(Kind::Snapshot)
        .title("{name} is no longer supported by its maker", "")
        .because("Ubiquiti no longer makes updates for this model. It keeps working, but newly found security holes stay open.")
        .advise(&["Plan its replacement; there is no hurry unless it is the gateway."]),
    Rule::new("device-pending", System, Low)
        .title("{name} is waiting to be adopted", "{name} is waiting to be adopted")
        .because("A UniFi device in your network is not managed by your console. A new device waits like this; so does one that was reset.")
        .advise(&["If it is yours, adopt it in the console.", "If nobody knows it, find out where it is plugged in and unplug it."]),
    Rule::new("device-adopted", System, Low)
        .title("{name} was added to the console", "{name} was added to the console {times}")
        .because("A device now belongs to this console.")
        .advise(&["Nothing to do, if you or your technician did this. Otherwise ask who did."]),
    Rule::new("device-readopted", System, Low).steps(&[(1, Info), (3, Low)])
        .title("{name} rejoined the console by itself", "{name} rejoined the console by itself {times}")
        .because("The device found back to the console without help, usually after it or the console was restarted or restored.")
        .advise(&["Nothing to do. If it happens every day, check the device's cable and power."]),
    Rule::new("device-removed", System, Medium)
        .title("{name} was removed from the console", "{name} was removed from the console {times}")
        .because("Somebody took this device out of the console. It is reset and no longer managed.")
        .advise(&["If you or your technician did this: nothing to do.", "If not, find out who did; the device may have been stolen or exchanged."]),
    Rule::new("licence", System, Medium)
        .title("A licence of {name} is not valid", "A licence of {name} is not valid")
        .because("A paid licence or care plan has expired or was withdrawn.")
        .advise(&["Check in your Ubiquiti account whether it should be renewed."]),
    Rule::new("backup-failed", System, Severe).about(About::Site)
        .title("The console could not back up its settings", "The console could not back up its settings {times}")
        .because("If the console breaks now, its settings are lost since the last good backup.")
        .advise(&["Check the free space and the SD card of the console.", "Make a backup by hand in the console and keep it somewhere else."]),
    Rule::new("disk-space", System, Severe).about(About::Site)
        .title("The console is running out of disk space", "The console is running out of disk space")
        .because("When the disk is full, the console stops keeping backups and records, and may stop working.")
        .advise(&["Delete old backups and recordings, or shorten how long they are kept.", "On a Cloud Key, replace the SD card with a bigger one."]),
    Rule::new("storage-low", System, Severe).kind(Kind::Snapshot)
        .title("{name} is running out of disk space", "")
        .because("When the disk is full, the device stops keeping backups and recordings, and may stop working.")
        .advise(&["Delete old backups and recordings, or shorten how long they are kept."]),
    Rule::new("audio-stream", System, Low).rolled_up().about(About::Site)
        .title("A scheduled announcement did not play as planned", "Scheduled announcements did not play as planned {times}")
        .because("A scheduled audio stream failed or left out some speakers.")
        .advise(&["Check the schedule and the speakers in the console."]),
    Rule::new("backup-made", System, Info).kind(Kind::Routine)
        .title("The console wrote a backup", "").because("Backups were written, as planned."),
    Rule::new("housekeeping", System, Info).kind(Kind::Routine)
        .title("The console did its housekeeping", "").because("Settings were applied, licences renewed and the like."),
];
