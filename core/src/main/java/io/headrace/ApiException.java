package io.headrace;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A call that failed. The message is made for people: provider, model, status and the server's own words, the attempts if
 * there were several, never a key or a prompt. It carries no stack trace, because it tells of a server and not of a place in the
 * code, and a storm of refused calls must stay cheap.
 *
 * <p>Immutable, apart from suppressed exceptions.
 */
public final class ApiException extends RuntimeException {

    private final String message;
    private final ErrorKind kind;
    private final Delivery delivery;
    private final boolean isTransient;
    private final @Nullable Duration retryAfter;
    private final int status;
    private final @Nullable String requestId;
    private final @Nullable Usage usage;
    private final @Nullable Cost cost;

    private ApiException(Builder builder) {
        super(builder.message, builder.cause, true, false);
        this.message = builder.message;
        this.kind = builder.kind;
        this.delivery = builder.delivery;
        this.isTransient = builder.isTransient == null ? builder.kind.isTransient() : builder.isTransient;
        this.retryAfter = builder.retryAfter;
        this.status = builder.status;
        this.requestId = builder.requestId;
        this.usage = builder.usage;
        this.cost = builder.cost;
    }

    /** Starts an exception of {@code kind}; delivery is {@link Delivery#UNKNOWN} unless told. */
    public static Builder builder(ErrorKind kind, String message) {
        return new Builder(kind, message);
    }

    /**
     * Starts an exception like {@code error} in all but its message, with its cause and what is suppressed in it. Usage and cost go
     * over where they were stated; those that follow from the delivery follow from the new one's.
     */
    public static Builder builder(ApiException error, String message) {
        Builder copy = new Builder(error.kind, message);
        copy.delivery = error.delivery;
        copy.isTransient = error.isTransient;
        copy.retryAfter = error.retryAfter;
        copy.status = error.status;
        copy.requestId = error.requestId;
        copy.cause = error.getCause();
        copy.usage = error.usage;
        copy.cost = error.cost;
        copy.suppressed = List.of(error.getSuppressed());
        return copy;
    }

    @Override
    public String getMessage() {
        return message;
    }

    public ErrorKind kind() {
        return kind;
    }

    /** How far the attempt got. */
    public Delivery delivery() {
        return delivery;
    }

    /** Whether the same request may well succeed later: the server's word where it gave one, else the kind's. */
    public boolean isTransient() {
        return isTransient;
    }

    /** The least time to wait before the next attempt, by the server's word. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /** The HTTP status, where there was an HTTP answer. */
    public OptionalInt status() {
        return status == 0 ? OptionalInt.empty() : OptionalInt.of(status);
    }

    /** The provider's id of the request, for its support. */
    public Optional<String> requestId() {
        return Optional.ofNullable(requestId);
    }

    /** What the attempt used: by default zero where it was not sent or refused, else unknown. */
    public Usage usage() {
        return usage != null ? usage : isFree() ? Usage.ZERO : Usage.UNKNOWN;
    }

    /** What the attempt cost: by default zero where it was not sent or refused, else unknown. */
    public Cost cost() {
        return cost != null ? cost : isFree() ? Cost.ZERO : Cost.UNKNOWN;
    }

    private boolean isFree() {
        return delivery == Delivery.NOT_SENT || delivery == Delivery.REFUSED;
    }

    /** Collects the parts of an {@link ApiException}. */
    public static final class Builder {

        private final ErrorKind kind;
        private final String message;
        private Delivery delivery = Delivery.UNKNOWN;
        private @Nullable Boolean isTransient;
        private @Nullable Duration retryAfter;
        private int status;
        private @Nullable String requestId;
        private @Nullable Throwable cause;
        private @Nullable Usage usage;
        private @Nullable Cost cost;
        private List<Throwable> suppressed = List.of();

        private Builder(ErrorKind kind, String message) {
            this.kind = Objects.requireNonNull(kind, "kind");
            this.message = Objects.requireNonNull(message, "message");
        }

        public Builder delivery(Delivery delivery) {
            this.delivery = Objects.requireNonNull(delivery, "delivery");
            return this;
        }

        /** The server's word on retrying, which overrules the kind's. */
        public Builder isTransient(boolean isTransient) {
            this.isTransient = isTransient;
            return this;
        }

        /** A wait that the server asked for; null for none. */
        public Builder retryAfter(@Nullable Duration retryAfter) {
            this.retryAfter = retryAfter;
            return this;
        }

        /** The HTTP status, 100 to 999, or 0 for none. */
        public Builder status(int status) {
            this.status = status;
            return this;
        }

        public Builder requestId(@Nullable String requestId) {
            this.requestId = requestId;
            return this;
        }

        public Builder cause(@Nullable Throwable cause) {
            this.cause = cause;
            return this;
        }

        public Builder usage(Usage usage) {
            this.usage = Objects.requireNonNull(usage, "usage");
            return this;
        }

        public Builder cost(Cost cost) {
            this.cost = Objects.requireNonNull(cost, "cost");
            return this;
        }

        public ApiException build() {
            ApiException built = new ApiException(this);
            suppressed.forEach(built::addSuppressed);
            return built;
        }
    }
}
