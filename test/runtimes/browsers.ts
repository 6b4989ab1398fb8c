// Browsers of this machine, opened on a page without any driver: the page itself reports to its server.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Running } from "./process.ts";

/** How a program is started otherwise than usual. */
export interface Switches {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of a Firefox profile. */
  readonly preferences?: Readonly<Record<string, boolean>>;
}

export interface Browser {
  readonly name: string;
  /** What to install where it is missing (Debian). */
  readonly packages: string;
  /** undefined where it is not installed. */
  readonly program: string | undefined;
  version(program: string): string;
  /** Starts it, and maybe what it needs, for at most `limit` milliseconds. `profile` is an empty folder. */
  open(program: string, url: string, profile: string, limit: number, switches: Switches): Promise<Running[]>;
}

export const BROWSERS: readonly Browser[] = [
  {
    name: "Chromium",
    packages: "chromium",
    program: find("chromium", "chromium-browser", "google-chrome"),
    version: versionOf,
    async open(program, url, profile, limit, { flags: more = [] }) {
      const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
      return [new Running(program, [...flags, ...more, `--user-data-dir=${profile}`, url], { limit })];
    },
  },
  {
    name: "Firefox",
    packages: "firefox-esr",
    program: find("firefox-esr", "firefox"),
    version: versionOf,
    async open(program, url, profile, limit, { preferences = {} }) {
      const lines = Object.entries(preferences).map(([name, on]) => `user_pref("${name}", ${on});\n`);
      writeFileSync(join(profile, "user.js"), lines.join(""));
      return [
        new Running(program, ["--headless", "--no-remote", "--profile", profile, url], {
          env: { HOME: profile },
          limit,
        }),
      ];
    },
  },
  {
    name: "WebKitGTK",
    packages: "webkit2gtk-driver xvfb",
    program: find("Xvfb") && findMiniBrowser(),
    version: webKitVersion,
    async open(program, url, profile, limit, switches) {
      const display = `:${200 + (process.pid % 500)}`;
      const screen = new Running("Xvfb", [display, "-screen", "0", "1024x768x24", "-nolisten", "tcp"], { limit });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const env = {
        DISPLAY: display,
        HOME: profile,
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
        WEBKIT_DISABLE_COMPOSITING_MODE: "1",
        ...switches.env,
      };
      return [new Running(program, [url], { env, limit }), screen];
    },
  },
];

/** Opens a page, waits for what it reports, and closes the browser. */
export async function withBrowser<T>(
  browser: Browser,
  url: string,
  report: Promise<T>,
  limit = 45_000,
  switches: Switches = {},
): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), "lanewise-browser-"));
  const started = await browser.open(browser.program as string, url, profile, limit, switches);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = (what: string) => reject(new Error(`${what}: ${started[0].output.slice(-300)}`));
    timer = setTimeout(() => fail(`no report after ${limit / 1000} s`), limit);
    started[0].finished.then(() => fail("ended without a report"));
  });
  try {
    return await Promise.race([report, late]);
  } finally {
    clearTimeout(timer);
    await Promise.all(started.map((each) => each.stop()));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function find(...names: string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(":");
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

function findMiniBrowser(): string | undefined {
  const folders = ["/usr/lib", "/usr/libexec"].filter((folder) => existsSync(folder));
  const inner = folders.flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))]);
  return ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"]
    .flatMap((name) => inner.map((folder) => join(folder, name, "MiniBrowser")))
    .find((path) => existsSync(path));
}

function versionOf(program: string): string {
  const text = execFileSync(program, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return text.match(/\d+(\.\d+)+/)?.[0] ?? text.trim();
}

/** MiniBrowser wants a screen even to tell its version; Debian knows it too. */
function webKitVersion(): string {
  const status = execFileSync("dpkg-query", ["-s", "libwebkit2gtk-4.1-0"], { encoding: "utf8" });
  return status.match(/^Version: (\d+(\.\d+)+)/m)?.[1] ?? "";
}
