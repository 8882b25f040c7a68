/* SPDX-License-Identifier: Apache-2.0 */
/* Where exit_code.h was once. */
#include "provision/commands/exit_code.h"
