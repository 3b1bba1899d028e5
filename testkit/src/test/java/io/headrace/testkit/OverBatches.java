package io.headrace.testkit;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;

/** Files and batches of a simulated provider, as a client says it, by a clock that goes when it is told to. */
abstract class OverBatches extends OverAClient {

    static final String BATCHES = "/v1/messages/batches";

    private static final Map<String, String> HEADERS =
            Map.of("authorization", "Bearer key", "anthropic-version", "2023-06-01");

    final HandClock clock = new HandClock(Instant.parse("2026-11-22T00:00:00Z"));

    String upload(String... ids) {
        StringBuilder form =
                new StringBuilder("--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
                        + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n");
        for (String id : ids) {
            form.append("{\"custom_id\":\"" + id + "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":"
                    + Client.openAi("duck " + id) + "}\n");
        }
        return client.post(
                        "/v1/files",
                        form + "\r\n--b--\r\n",
                        Map.of("authorization", "Bearer key", "content-type", "multipart/form-data; boundary=b"))
                .block(Client.SOON)
                .body();
    }

    String create(String fileId) {
        return client.ask("/v1/batches", creation(fileId)).body();
    }

    static String creation(String fileId) {
        return "{\"input_file_id\":\"" + fileId
                + "\",\"endpoint\":\"/v1/chat/completions\",\"completion_window\":\"24h\","
                + "\"metadata\":{\"headrace\":\"run\"}}";
    }

    static String request(String id) {
        return "{\"custom_id\":\"" + id + "\",\"params\":" + Client.anthropic("duck " + id) + "}";
    }

    String get(String path) {
        return client.get(path, HEADERS).block(Client.SOON).body();
    }

    static String id(String json) {
        return Json.value(bytes(json)).path("id").asString("");
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
