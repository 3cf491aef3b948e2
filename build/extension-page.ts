/**
 * The README as VS Code shows it on the extension's page: that page shows neither files of the package nor pictures
 * beside it, only what has a host, and nobody there has a clone. So there are no pictures, no links to files, and
 * nothing about clones.
 */
export function extensionPage(readme: string): string {
  return readme
    .replace(/<picture>[\s\S]*?<\/picture>\n+/g, '')
    .replace(/^## (?:Try it|Learn more)\n[\s\S]*?(?=^## |^MIT license)/gm, '')
    .replace(/\[([^\]]+)\]\((?!https:|#)[^)]+\)/g, '$1');
}
