import HTTPServing

/// The style and the script of the pages. They have paths of their own, so that the pages can forbid all inline ones: a
/// mistake in escaping would still run nothing.
enum PageAssets {
    static let stylePath = "/-/pages.css"
    static let scriptPath = "/-/pages.js"

    /// Adds the routes.
    static func add(to routes: inout Routes) {
        let answer = { (type: String, text: String) in
            HTTPResponse(headers: ["Content-Type": type, "Cache-Control": "no-cache"], body: Array(text.utf8))
        }
        let style = answer("text/css; charset=utf-8", style)
        let script = answer("text/javascript; charset=utf-8", script)
        routes.on("GET", stylePath) { _ in style }
        routes.on("GET", scriptPath) { _ in script }
    }

    /// Colors have a contrast of at least 4.5:1 in both schemes.
    private static let style = """
        :root {
          color-scheme: light dark;
          --ink: #1c2733; --faint: #5b6773; --line: #d8dee6; --page: #fff; --card: #f5f7fa; --link: #0b5cad;
          --alarm: #a4161a; --alarm-page: #fdecec; --bar: #3274d9; --second: #b7791f; --code: #eef1f5;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ink: #dbe3ec; --faint: #97a4b1; --line: #2b3641; --page: #12181f; --card: #18212a; --link: #7db7f5;
            --alarm: #ff9a9a; --alarm-page: #3a1d20; --bar: #5b9cf0; --second: #e0a94a; --code: #1f2a35;
          }
        }
        * { box-sizing: border-box; }
        body {
          font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
          max-width: 80rem; margin: 0 auto; padding: 0 1.25rem 2rem;
        }
        header { border-bottom: 1px solid var(--line); padding: .9rem 0; margin-bottom: 1.5rem; }
        header a { margin-right: 1.25rem; }
        header a:first-child { font-weight: 600; color: var(--ink); text-decoration: none; }
        h1 { margin: 0 0 .25rem; font-size: 1.6rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
        h3 { font-size: 1rem; margin: 0 0 .35rem; }
        p { margin: .35rem 0; }
        a { color: var(--link); }
        a:focus-visible, input:focus-visible, select:focus-visible, button:focus-visible, .wide:focus-visible {
          outline: 3px solid var(--link); outline-offset: 2px;
        }
        main:focus { outline: none; }
        .skip { position: absolute; left: -999rem; }
        .skip:focus { left: 1rem; top: .5rem; background: var(--page); padding: .5rem 1rem; }
        .faint, footer { color: var(--faint); font-size: .9rem; }
        footer { margin-top: 2.5rem; }
        .bad { color: var(--alarm); }
        .badge {
          display: inline-block; border: 1px solid currentcolor; border-radius: .25rem; padding: 0 .4rem;
          font-size: .85rem; white-space: nowrap; color: var(--faint);
        }
        .badge.over { color: var(--alarm); background: var(--alarm-page); }
        form { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: end; margin: 1rem 0; }
        form label { display: grid; gap: .15rem; font-size: .9rem; }
        form label.check { display: flex; gap: .4rem; align-items: center; padding-bottom: .45rem; }
        form .grow { flex: 1 1 16rem; }
        input, select, button {
          font: inherit; color: inherit; background: var(--page); border: 1px solid var(--faint); border-radius: .25rem;
          padding: .3rem .6rem; min-width: 0;
        }
        input, select, button { min-height: 2.2rem; }
        ::placeholder { color: var(--faint); opacity: 1; }
        input[type=checkbox] { width: 1.1rem; height: 1.1rem; min-height: 0; }
        button { background: var(--card); cursor: pointer; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        .note { color: var(--faint); font-size: .9rem; padding-bottom: .35rem; }
        th, td { text-align: left; vertical-align: top; padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); }
        th:last-child, td:last-child { padding-right: 0; }
        thead th { font-size: .9rem; white-space: nowrap; border-bottom-width: 2px; }
        tbody th { font-weight: 600; overflow-wrap: break-word; }
        tbody tr:hover { background: var(--card); }
        .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        td.any, td.agent, .badge { overflow-wrap: anywhere; }
        td.agent { max-width: 16rem; }
        /* Two lines of a long value. */
        td.agent code { display: -webkit-inline-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
        td.agent * { vertical-align: top; }
        td time { white-space: nowrap; }
        code {
          font: .9em/1.5 ui-monospace, monospace; background: var(--code); border-radius: .2rem; padding: .1rem .3rem;
          overflow-wrap: anywhere; direction: ltr; unicode-bidi: isolate; white-space: pre-wrap;
        }
        p code { white-space: nowrap; }
        .pages { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: .75rem 0; }
        dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
        dl.facts div { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .9rem; }
        dt { color: var(--faint); font-size: .9rem; }
        dd .faint { display: inline-block; }
        dd { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
        figure { margin: 0; max-width: 58rem; }
        svg { width: 100%; height: auto; display: block; }
        svg .forbidden { fill: var(--bar); }
        svg .unauthorized { fill: var(--second); }
        svg .allowed { fill: var(--alarm); }
        .key::before {
          content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .35em; background: var(--bar);
        }
        .key { margin-right: .75em; white-space: nowrap; }
        .key.unauthorized::before { background: var(--second); }
        .key.allowed::before { background: var(--alarm); }
        [aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
        svg .axis { stroke: var(--line); }
        svg text { fill: var(--faint); font: 12px system-ui, sans-serif; }
        .evidence { columns: 24rem; column-gap: 1rem; margin-top: .75rem; }
        .evidence section {
          border: 1px solid var(--line); border-radius: .4rem; padding: .75rem 1rem; margin-bottom: 1rem;
          break-inside: avoid;
        }
        .evidence ul { margin: 0; padding: 0; list-style: none; }
        .evidence li { padding: .1rem 0; }
        @media (max-width: 56rem) {
          .extra { display: none; }
          body { padding: 0 .9rem 2rem; }
          th, td { padding-right: .75rem; }
        }
        /* The chart shrinks with the page, its text does not. */
        @media (max-width: 52rem) {
          .more { display: none; }
          svg text { font-size: 16px; }
        }
        @media (max-width: 36rem) {
          table, thead th { font-size: .85rem; }
          th, td { padding-right: .4rem; }
          thead th, .n, dd .faint { white-space: normal; }
          td .badge { padding: 0 .2rem; font-size: .8rem; }
          svg text { font-size: 22px; }
        }
        @media (max-width: 26rem) { svg text { font-size: 31px; } }
        @media (max-width: 21rem) {
          table, thead th { font-size: .8rem; }
          th, td { padding-right: .3rem; }
        }
        @media print { header, form, .pages, .skip { display: none; } }

        """

    /// With it, the list of sources is searched, filtered and sorted without leaving the page. It shows only what the
    /// server would show without it.
    private static let script = """
        "use strict";
        (() => {
          const form = document.querySelector("form[role=search]");
          if (!form) return;
          let request = new AbortController();
          let wait = 0;
          let shown = location.search;

          // Replaces the results by those of another address of this page.
          async function show(address, change) {
            clearTimeout(wait);
            request.abort();
            request = new AbortController();
            try {
              const answer = await fetch(address, { signal: request.signal });
              const page = new DOMParser().parseFromString(await answer.text(), "text/html");
              const focused = document.activeElement?.dataset?.column;
              for (const id of ["results", "summary"]) {
                const old = document.getElementById(id);
                // The summary stays, so that a screen reader announces its new text.
                if (id === "summary") old.textContent = page.getElementById(id).textContent;
                else old.replaceWith(document.adoptNode(page.getElementById(id)));
              }
              for (const name of ["sort", "order"])
                form.elements[name].value = page.querySelector(`form [name=${name}]`).value;
              history[change](null, "", address);
              shown = location.search;
              if (focused) document.querySelector(`[data-column="${focused}"]`)?.focus();
              // The old results, and the links to their pages, were replaced.
              else if (document.activeElement === document.body) document.querySelector("#results .wide")?.focus();
            } catch (error) {
              if (error.name !== "AbortError") location.assign(address);
            }
          }

          function address() {
            const fields = [...new FormData(form)].filter(([, value]) => value !== "");
            const query = new URLSearchParams(fields).toString();
            return location.pathname + (query && `?${query}`);
          }

          form.addEventListener("input", () => {
            clearTimeout(wait);
            wait = setTimeout(() => show(address(), "replaceState"), 250);
          });
          form.addEventListener("submit", (event) => {
            event.preventDefault();
            show(address(), "pushState");
          });
          document.addEventListener("click", (event) => {
            const link = event.target.closest("#results thead a, #results .pages a");
            if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
            event.preventDefault();
            show(link.href, "pushState");
          });
          window.addEventListener("popstate", () => {
            // A link to a place in the page changes the fragment only.
            if (location.search !== shown) location.reload();
          });
        })();

        """
}
