import common from './common';
import dispatch from './dispatch';
import identity from './identity';
import screening from './screening';
import triage from './triage';

export default { common, dispatch, identity, screening, triage };
