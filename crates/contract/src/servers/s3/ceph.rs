//! Ceph's programs, their configuration, and the script that runs them.

use crate::servers::NoServer;
use crate::servers::supervised::{on_path, output, prepared};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the script runs.
const PROGRAMS: &[&str] = &["monmaptool", "osdmaptool", "ceph-mon", "ceph-osd", "radosgw-admin", "radosgw"];
const PACKAGES: &[&str] = &["radosgw", "ceph-mon", "ceph-osd"];

/// Where Ceph's programs and libraries are found.
pub(super) struct Programs {
    /// As in `PATH`.
    pub(super) path: OsString,
    /// As in `LD_LIBRARY_PATH`; empty where the system knows them.
    pub(super) libraries: OsString,
    unpacked: Option<PathBuf>,
}

/// The system's programs, else the unpacked ones, which are fetched the first time.
pub(super) fn programs() -> Result<Programs, NoServer> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if PROGRAMS.iter().all(|program| on_path(program)) {
        return Ok(Programs { path, libraries: OsString::new(), unpacked: None });
    }
    if !on_path("apt-get") || !on_path("dpkg") {
        return Err(NoServer::new(
            "the S3 server",
            format!(
                "install Ceph's programs ({}), such as with `apt-get install {}`",
                PROGRAMS.join(", "),
                PACKAGES.join(" ")
            ),
        ));
    }
    let root = prepared("ceph", unpack)?;
    let joined = |folders: Vec<PathBuf>| std::env::join_paths(folders).map_err(|error| NoServer::new("a path", error));
    let own = [root.join("usr/bin"), root.join("usr/sbin")].into_iter();
    let libraries = ["lib", "usr/lib"].iter().flat_map(|folder| library_folders(&root.join(folder)));
    Ok(Programs {
        path: joined(own.chain(std::env::split_paths(&path)).collect())?,
        libraries: joined(libraries.collect())?,
        unpacked: Some(root),
    })
}

/// The folders of an architecture, such as `x86_64-linux-gnu`, and Ceph's own in them.
fn library_folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let of_architecture = entries.filter(|path| path.to_string_lossy().contains("-linux-gnu"));
    of_architecture.flat_map(|path| [path.join("ceph"), path]).filter(|path| path.is_dir()).collect()
}

/// Fetches Ceph's packages, with what they need and the machine does not have, and unpacks them into `folder`.
fn unpack(folder: &Path) -> Result<(), NoServer> {
    let archives = folder.join("archives");
    fs::create_dir(&archives).map_err(|error| NoServer::new("a folder", error))?;
    let (lists, names) = needed_packages(&archives)?;
    output(apt_get(&lists).arg("download").args(&names).current_dir(&archives))?;
    for entry in fs::read_dir(&archives).map_err(|error| NoServer::new("a folder", error))?.flatten() {
        if entry.path().extension().is_some_and(|ending| ending == "deb") {
            output(Command::new("dpkg").arg("-x").arg(entry.path()).arg(folder))?;
        }
    }
    fs::remove_dir_all(&archives).map_err(|error| NoServer::new("a folder", error))
}

/// The packages to fetch, and options that make apt-get find them: none where the system's lists are there,
/// else lists of our own, which need no root.
fn needed_packages(folder: &Path) -> Result<(Vec<String>, Vec<String>), NoServer> {
    let simulate = |options: &[String]| {
        let mut command = apt_get(options);
        command.args(["--simulate", "--no-install-recommends", "install"]).args(PACKAGES);
        let names = |text: String| -> Vec<String> {
            let installed = text.lines().filter_map(|line| line.strip_prefix("Inst "));
            installed.filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
        };
        output(&mut command).map(names)
    };
    if let Ok(names) = simulate(&[]) {
        return Ok((Vec::new(), names));
    }
    let lists = folder.join("lists");
    fs::create_dir_all(lists.join("partial")).map_err(|error| NoServer::new("a folder", error))?;
    let options = vec!["-o".to_owned(), format!("Dir::State::lists={}", lists.display())];
    output(apt_get(&options).arg("update"))?;
    let names = simulate(&options).map_err(|error| {
        NoServer::new("the S3 server", format!("install it with `apt-get install {}` ({error})", PACKAGES.join(" ")))
    })?;
    Ok((options, names))
}

fn apt_get(options: &[String]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("LC_ALL", "C").arg("-qq").args(options);
    command
}

/// One monitor and one storage daemon without authentication, and a gateway on `port`.
pub(super) fn configuration(programs: &Programs, folder: &Path, port: u16, monitor_port: u16) -> String {
    let mut text = format!(
        "\
[global]
mon host = [v2:127.0.0.1:{monitor_port}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
rgw frontends = beast endpoint=127.0.0.1:{port}
{SETTINGS}",
    );
    let mut set = |name: &str, value: &Path| text.push_str(&format!("{name} = {}\n", value.display()));
    set("mon data", &folder.join("mon"));
    set("osd data", &folder.join("osd"));
    set("rgw data", &folder.join("rgw"));
    set("run dir", folder);
    set("keyring", &folder.join("keyring"));
    for root in programs.unpacked.iter().flat_map(|root| library_folders(&root.join("usr/lib"))) {
        if root.join("rados-classes").is_dir() {
            set("osd class dir", &root.join("rados-classes"));
        }
        if root.join("erasure-code").is_dir() {
            set("plugin dir", &root);
            set("erasure code dir", &root.join("erasure-code"));
        }
    }
    text
}

/// One copy of everything, in memory, and no waiting for other monitors.
const SETTINGS: &str = "\
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
mon allow pool size one = true
mon data avail crit = 1
mon max pg per osd = 1000
osd crush chooseleaf type = 0
osd objectstore = memstore
osd pool default min size = 1
osd pool default pg autoscale mode = off
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default size = 1
paxos min wait = 0.01
paxos propose interval = 0.02
memstore device bytes = 4294967296
admin socket =
log file =
log to stderr = true
mon cluster log file =
debug rocksdb = 0
";

/// Makes a cluster of one, runs it, waits for the end of its standard input, cleans up.
pub(super) const SUPERVISOR: &str = r#"
folder=$1 monitor=$4 key=$5 secret=$6
PATH=$2 LD_LIBRARY_PATH=$3 CEPH_CONF=$folder/ceph.conf
export PATH LD_LIBRARY_PATH CEPH_CONF
# An interrupt ends the tests, and with them this script, but not before it has cleaned up.
trap : INT TERM HUP
id() { cat /proc/sys/kernel/random/uuid; }
fsid=$(id)
echo "fsid = $fsid" >>ceph.conf
mkdir mon osd rgw
fail() {
    tail -n 5 log >failed.new
    mv failed.new failed
}
start() {
    "$@" >>log 2>&1 </dev/null &
    servers="$servers $!"
}
{
    monmaptool --create --fsid "$fsid" --addv a "$monitor" monmap &&
        osdmaptool --createsimple 1 osdmap &&
        ceph-mon --mkfs -i a --monmap monmap --osdmap osdmap
} >log 2>&1 </dev/null || fail
if [ ! -e failed ]; then
    start ceph-mon -i a -f
    timeout 60 ceph-osd -i 0 --mkfs --osd-uuid "$(id)" >>log 2>&1 </dev/null || fail
    start ceph-osd -i 0 -f
    timeout 90 radosgw-admin user create --uid="$key" --display-name="$key" --access-key="$key" \
        --secret-key="$secret" >>log 2>&1 </dev/null || fail
    start radosgw -n client.admin -f
    echo "$!" >radosgw.pid
fi
cat >/dev/null
kill -KILL $servers
wait
cd /
rm -rf "$folder"
"#;
