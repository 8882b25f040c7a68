/* SPDX-License-Identifier: Apache-2.0 */
/* What `mirrorcap capture --help` prints. */
#ifndef DATAPLANE_OPTIONS_USAGE_H
#define DATAPLANE_OPTIONS_USAGE_H

extern const char options_usage[];

#endif
