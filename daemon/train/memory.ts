/** Most memory this process had at any time, in bytes. */
export const peakRss = (): number => process.resourceUsage().maxRSS * 1024;

/** Memory this process has now, in bytes. */
export const currentRss = (): number => process.memoryUsage.rss();
