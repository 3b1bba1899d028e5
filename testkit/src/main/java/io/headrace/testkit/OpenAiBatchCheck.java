package io.headrace.testkit;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/** Reads the file of a new batch and notes what is wrong with it. For one file. */
final class OpenAiBatchCheck {

    private static final long MAX_LINES = 50_000;
    private static final int MOST_FAULTS = 100;

    private final OpenAiBatches wire;
    private final BatchStore store;
    private final SimulatedBatches plan;
    private final boolean countsTokens;
    private final String endpoint;
    private final BatchAction.Asked asked;
    private final Set<String> ids = new HashSet<>();
    private final List<Batch.Fault> faults = new ArrayList<>();
    private final IdsDigest digest = new IdsDigest();
    private String model = "";
    private long tokens;
    private long inputs;

    OpenAiBatchCheck(OpenAiBatches wire, BatchStore store, String endpoint, BatchAction.Asked asked) {
        this.wire = wire;
        this.store = store;
        this.plan = store.plan();
        this.countsTokens = plan.enqueuedTokens < Long.MAX_VALUE;
        this.endpoint = endpoint;
        this.asked = asked;
    }

    /** What the batch is to do, and what is wrong with its file. */
    Batch.Draft draft(StoredFile file, Map<String, String> metadata) throws IOException {
        BatchInput input = BatchInput.ofLines(file.path(), file.offset(), file.length(), wire.bodyField());
        try (BatchInput.Reading reading = input.open()) {
            for (int i = 0; i < input.size(); i++) {
                try {
                    line(reading.entry(i), i + 1);
                } catch (JacksonException e) {
                    fault("invalid_json_line", "This line is not parseable as valid JSON.", null, i + 1);
                }
            }
        }
        whole(input.size());
        return new Batch.Draft(
                input,
                digest.hex(),
                file.id(),
                endpoint,
                metadata,
                asked.headers(),
                model,
                tokens,
                List.copyOf(faults));
    }

    private void fault(String code, String message, @Nullable String param, int line) {
        if (faults.size() < MOST_FAULTS) {
            faults.add(new Batch.Fault(code, message, param, line));
        }
    }

    private void line(BatchEntry entry, int line) {
        digest.add(entry.customId());
        inputs += entry.inputs();
        if (entry.customId().isEmpty()) {
            fault("missing_required_parameter", "Missing required parameter: 'custom_id'.", "custom_id", line);
        } else if (!ids.add(entry.customId())) {
            fault("duplicate_custom_id", "The custom_id of this line has been used before.", "custom_id", line);
        }
        if (!entry.method().equals("POST")) {
            fault("invalid_method", "The method must be POST.", "method", line);
        }
        if (!entry.url().equals(endpoint)) {
            fault("invalid_url", "The URL of this line does not match the endpoint of the batch.", "url", line);
        }
        byte[] body = entry.body();
        if (body == null) {
            fault("missing_required_parameter", "Missing required parameter: 'body'.", "body", line);
            return;
        }
        if (line == 1) {
            model = entry.model();
        } else if (!entry.model().equals(model)) {
            fault("mismatched_model", "All lines of a batch must have the same model.", "body.model", line);
        }
        if (countsTokens) {
            Demand demand = Objects.requireNonNull(Endpoint.at(endpoint, asked.headers()))
                    .reading()
                    .read(endpoint, asked.headers(), body)
                    .demand(new PromptCache());
            tokens += demand == null ? 0 : demand.input();
        }
    }

    private void whole(int lines) {
        long most = plan.maxRequests > 0 ? plan.maxRequests : MAX_LINES;
        if (lines == 0) {
            fault("empty_file", "The input file is empty. Please ensure that the batch contains requests.", null, 0);
        }
        if (lines > most) {
            fault("too_many_tasks", "The batch has " + lines + " requests, at most " + most + " are allowed.", null, 0);
        } else if (endpoint.equals("/v1/embeddings") && inputs > most) {
            fault("too_many_inputs", "The batch has " + inputs + " inputs, at most " + most + " are allowed.", null, 0);
        }
        long enqueued = tokens;
        for (Batch open : store.open(wire)) {
            enqueued += open.model.equals(model) && open.faults.isEmpty() ? open.tokens : 0;
        }
        if (enqueued > plan.enqueuedTokens) {
            fault(
                    "token_limit_exceeded",
                    "Enqueued token limit reached for " + model + " in organization org-simulated. Limit: "
                            + plan.enqueuedTokens
                            + " enqueued tokens. Please try again once some in_progress batches have been completed.",
                    null,
                    0);
        }
        if (plan.failureCode != null) {
            fault(plan.failureCode, plan.failureMessage, null, 0);
        }
    }
}
