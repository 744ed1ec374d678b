"use strict";
page.start().catch((error) => page.fail(error));
