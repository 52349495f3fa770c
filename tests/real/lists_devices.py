"""Logs in to a console on 127.0.0.1 as aiounifi does it and prints what it lists, as JSON.

Arguments: port, user, password, and a file with the authority to trust (none: those of this machine).
"""

import asyncio
import json
import ssl
import sys

import aiohttp
from aiounifi.controller import Controller
from aiounifi.models.configuration import Configuration


async def main(port: str, user: str, password: str, authority: str | None = None) -> None:
    trust = ssl.create_default_context(cafile=authority)
    # Cookies of an address instead of a name are kept only by a jar that is told to.
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        console = Controller(
            Configuration(
                session, "127.0.0.1", username=user, password=password, port=int(port), ssl_context=trust
            )
        )
        await console.login()
        for part in (console.sites, console.system_information, console.devices, console.clients):
            await part.update()
    listed = {
        "is_unifi_os": console.connectivity.is_unifi_os,
        "sites": [site.name for site in console.sites.values()],
        "versions": [system.version for system in console.system_information.values()],
        "clients": len(console.clients.values()),
        "devices": {
            device.mac: {
                "name": device.name,
                "model": device.model,
                "version": device.version,
                "state": device.state.name,
            }
            for device in console.devices.values()
        },
    }
    print(json.dumps(listed))


asyncio.run(main(*sys.argv[1:]))
