import { Worker } from "node:worker_threads";

/** Threads that take one task at a time; tasks wait in a queue. */
export class Pool {
  #idle;
  #waiting = [];

  /** `data` is what every thread starts with. */
  constructor(size, data) {
    this.#idle = Array.from(
      { length: size },
      () => new Worker(new URL("worker.js", import.meta.url), { workerData: data }),
    );
  }

  /** The answer of a thread to a picture. */
  run(picture) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ picture, resolve, reject });
      this.#next();
    });
  }

  #next() {
    if (this.#idle.length === 0 || this.#waiting.length === 0) return;
    const worker = this.#idle.pop();
    const { picture, resolve, reject } = this.#waiting.shift();
    worker.once("message", ({ classes, error }) => {
      this.#idle.push(worker);
      if (error) reject(new Error(error));
      else resolve(classes);
      this.#next();
    });
    worker.postMessage(picture);
  }
}
