package io.headrace.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Items a second when every answer comes from the cache on disk: fills it by a first run against a server, ends the server,
 * and runs the same rows into another directory.
 *
 * <p>Arguments: a scratch directory, the number of items.
 */
public final class Hits {

    private Hits() {}

    public static void main(String[] args) throws IOException {
        Path scratch = Path.of(args[0]);
        int items = Integer.parseInt(args[1]);
        String input = Compare.writeInput(scratch.resolve("input.jsonl"), items).toString();
        String cache = scratch.resolve("cache").toString();
        String url;
        try (LeanServer server = LeanServer.start(0, Duration.ZERO, 1)) {
            url = "http://127.0.0.1:" + server.port();
            HeadraceClient.main(
                    new String[] {url, input, scratch.resolve("bought").toString(), "100", cache});
        }
        HeadraceClient.main(new String[] {url, input, scratch.resolve("cached").toString(), "100", cache});
        // the same again, now that the code is warm
        HeadraceClient.main(new String[] {url, input, scratch.resolve("again").toString(), "100", cache});
    }
}
