// A browser starts no worker from a page that was opened as a file. The search then runs in a hidden frame,
// which is given the same three things: messages in, messages out, and a way to load scripts.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = `<script>
        window.postMessage = (data) => parent.dispatchEvent(new CustomEvent("from-worker", { detail: data }));
        window.importScripts = async (...urls) => {
          for (const each of urls)
            await new Promise((loaded) => {
              const script = document.createElement("script");
              script.src = each;
              script.onload = loaded;
              document.head.append(script);
            });
        };
      <\/script><script src="${url}"><\/script>`;
      this.loaded = new Promise((loaded) => frame.addEventListener("load", loaded, { once: true }));
      window.addEventListener("from-worker", (event) =>
        this.dispatchEvent(new MessageEvent("message", { data: event.detail })),
      );
      document.documentElement.append(frame);
      this.frame = frame;
    }
    postMessage(data) {
      this.loaded.then(() =>
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })),
      );
    }
    terminate() {
      this.frame.remove();
    }
  };
  window.Worker = window.IFrameWorker;
}
