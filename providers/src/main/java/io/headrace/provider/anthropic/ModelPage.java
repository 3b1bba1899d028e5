package io.headrace.provider.anthropic;

import java.util.List;

/**
 * Some of the models.
 *
 * @param next the id after which the next page begins; empty if there is none
 */
record ModelPage(List<ModelInfo> models, String next) {}
