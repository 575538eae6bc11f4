"use strict";
const search = document.querySelector("#search");
const found = document.querySelector("#found");
const articles = [...document.querySelectorAll("article")];
const sections = [...document.querySelectorAll("section")];
const links = new Map(
    [...document.querySelectorAll("nav li")].map((item) => [item.dataset.name, item]),
);

/** Shows the entries that hold every word of the search, in the contents too. */
function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const article of articles) {
        const shown = words.every((word) => article.dataset.text.includes(word));
        article.hidden = !shown;
        links.get(article.id).hidden = !shown;
        count += shown;
    }
    for (const section of sections) {
        section.hidden = !section.querySelector("article:not([hidden])");
        const group = document.querySelector(`nav [data-area="${section.id}"]`);
        group.hidden = section.hidden;
        group.open = words.length > 0 && !section.hidden;
    }
    found.textContent = words.length ? `${count} of ${articles.length} match` : "";
}

/** Moves the focus to the entry `step` places after the one nearest to the top of the window. */
function move(step) {
    const shown = articles.filter((article) => !article.hidden);
    const focused = shown.indexOf(document.activeElement.closest("article"));
    const top = shown.findIndex((article) => article.getBoundingClientRect().bottom > 100);
    const from = focused >= 0 ? focused : top - (step > 0);
    const target = shown[Math.min(Math.max(from + step, 0), shown.length - 1)];
    if (target) {
        target.focus({ preventScroll: true });
        target.scrollIntoView({ block: "start" });
    }
}

async function copy(button) {
    const code = button.closest("figure").querySelector("code");
    try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
    } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
}

search.addEventListener("input", () => {
    filter();
    scrollTo(0, 0);
});
document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const group = event.target.closest("nav [data-area] > summary")?.parentElement;
    if (group && !group.open) document.getElementById(group.dataset.area).scrollIntoView();
    if (button?.matches(".copy")) copy(button);
    if (button?.matches(".tag")) {
        search.value = button.textContent;
        filter();
        scrollTo(0, 0);
    }
    if (button?.matches("#theme")) {
        const chosen = document.documentElement.dataset.theme;
        const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
        document.documentElement.dataset.theme = dark ? "light" : "dark";
    }
});
document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === search) {
        if (event.key === "Escape") {
            search.value = "";
            filter();
        }
        if (event.key === "Escape" || event.key === "Enter") search.blur();
        return;
    }
    if (event.key === "/") {
        event.preventDefault();
        search.select();
    }
    if (event.key === "j") move(1);
    if (event.key === "k") move(-1);
    if (event.key === "c") document.activeElement.querySelector(".copy")?.click();
});
addEventListener("hashchange", () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.closest("[hidden]")) {
        search.value = "";
        filter();
        target.scrollIntoView();
    }
});
document.querySelector(".contents").open = innerWidth > 900;
filter();
