package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import tools.jackson.core.JacksonException;

/** One streamed answer while it comes in: bytes go in, deltas come out. Not thread-safe. */
final class IncomingChat {

    private final ChatRequest request;
    private final HttpAnswer head;
    private final ChatEvents reader;
    private final Failures<ChatRequest> failures;
    private final SseParser parser = new SseParser(this::read);
    private List<ChatDelta> deltas = new ArrayList<>();
    private int events;
    private boolean begun;

    IncomingChat(ChatRequest request, HttpAnswer head, ChatEvents reader, Failures<ChatRequest> failures) {
        this.request = request;
        this.head = head;
        this.reader = reader;
        this.failures = failures;
    }

    /** What the next piece of the body brings. */
    List<ChatDelta> feed(ByteBuf piece) {
        if (reader.isComplete()) {
            return List.of();
        }
        parser.feed(piece);
        return taken();
    }

    /**
     * What the end of the body brings.
     *
     * @throws ApiException if the end marker did not come
     */
    List<ChatDelta> end() {
        if (reader.isComplete()) {
            return List.of();
        }
        parser.end();
        if (!reader.isComplete()) {
            throw failures.malformed(
                    request,
                    head,
                    Delivery.UNKNOWN,
                    "the stream ended without its end marker, after " + events + " events (partial answer)");
        }
        return taken();
    }

    boolean isComplete() {
        return reader.isComplete();
    }

    private List<ChatDelta> taken() {
        List<ChatDelta> ready = deltas;
        deltas = new ArrayList<>();
        begun |= !ready.isEmpty();
        return ready;
    }

    private void read(SseEvent event) {
        if (reader.isComplete() || event.is("")) { // a keep-alive says nothing
            return;
        }
        events++;
        boolean isGood;
        try {
            isGood = reader.read(event, deltas::add);
        } catch (JacksonException e) {
            throw failures.malformed(
                    request,
                    head,
                    Delivery.UNKNOWN,
                    "event " + events + " of the stream is not whole JSON (partial answer)");
        } catch (IllegalArgumentException e) {
            throw failures.malformed(
                    request,
                    head,
                    Delivery.UNKNOWN,
                    "event " + events + " of the stream is wrong: "
                            + Objects.requireNonNullElse(e.getMessage(), "no reason"));
        }
        if (!isGood) {
            // the work was begun if any of the answer came
            boolean isPartial = begun || !deltas.isEmpty();
            throw failures.refused(
                    request,
                    head.withBody(event.copyOfData()),
                    ", then in event " + events + " of the stream" + (isPartial ? " (partial answer):" : ":"),
                    isPartial ? Delivery.UNKNOWN : Delivery.NOT_SENT);
        }
    }
}
