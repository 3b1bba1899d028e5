package io.headrace.admission;

import java.util.Objects;

/**
 * A key of a provider's account. {@code toString} shows its name only.
 *
 * @param name what people know it by, in reports and messages
 * @param value the secret
 */
public record ApiKey(String name, String value) {

    /**
     * @throws IllegalArgumentException for an empty name or an empty value
     */
    public ApiKey {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(value, "value");
        if (name.isBlank() || value.isBlank()) {
            throw new IllegalArgumentException(
                    "an API key needs a name and a value" + (name.isBlank() ? "" : ": " + name));
        }
    }

    @Override
    public String toString() {
        return "ApiKey[" + name + "]";
    }
}
